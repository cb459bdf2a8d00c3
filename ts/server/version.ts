import native from '../engine/native.cjs'

/** The version of this package. */
export const packageVersion = native.packageVersion()
