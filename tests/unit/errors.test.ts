import { createRequire } from 'node:module'
import test from 'ava'
import { unwrap, toCanopyError } from '../../ts/engine/error.js'
import { CanopyError } from '../../ts/index.js'
import { coreErrors, frameworkCodes, httpErrors, statusOfKind } from '../../ts/server/errors.js'

test('an error of the core is thrown with its code, kind and sentence', (t) => {
  const error = t.throws(() => unwrap({ code: 'STORE_LOCKED', kind: 'unavailable', message: 'somebody holds it' }), { instanceOf: CanopyError })
  t.is(error.code, 'STORE_LOCKED')
  t.is(error.kind, 'unavailable')
  t.is(unwrap(3), 3)
  t.deepEqual(unwrap(Buffer.from('x')), Buffer.from('x'))
})

test('what is no error of ours becomes INTERNAL and keeps its cause', (t) => {
  const cause = new TypeError('x is undefined')
  t.is(toCanopyError(cause).code, 'INTERNAL')
  t.is(toCanopyError(cause).cause, cause)
  t.is(toCanopyError('text').message, 'text')
})

test('what the operating system refuses has the codes of the store', (t) => {
  const refusal = (code: string): CanopyError => toCanopyError(Object.assign(new Error(`${code}: refused, write`), { code }))
  t.like(refusal('ENOSPC'), { code: 'STORE_FULL', kind: 'no_space' })
  t.like(refusal('EACCES'), { code: 'STORE_PERMISSION', kind: 'permission' })
  t.like(refusal('EFAULT'), { code: 'INTERNAL', kind: 'internal' })
})

test('every code of the tables has a status, and every kind of fastify error that we name is one of ours', (t) => {
  t.true(Object.values(coreErrors).every((kind) => statusOfKind[kind] >= 400))
  t.true(Object.values(frameworkCodes).every((code) => code in httpErrors))
})

test('an error of the CommonJS build is an error of the ESM build', (t) => {
  const require = createRequire(import.meta.url)
  const { CanopyError: Other } = require('canopy-engine') as { CanopyError: typeof CanopyError }
  t.not(Other, CanopyError)
  t.true(new Other('A', 'internal', 'b') instanceof CanopyError)
})
