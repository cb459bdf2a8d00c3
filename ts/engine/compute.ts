import { binding, type ComputeDevice } from './binding.js'
import { parse } from './json.js'
import { unwrap } from './error.js'

/** Which device does work that a GPU does sooner, and why not the other. Nothing of a GPU is taken for the answer. */
export async function computeDevice(): Promise<ComputeDevice> {
  return parse(unwrap(await binding().computeDevice()))
}

/**
 * Chooses for this process: a GPU where there is one and it pays (`auto`), always the processor, or a GPU for all that it can do.
 *
 * Throws GPU_CHOICE for another name.
 */
export async function chooseComputeDevice(choice: ComputeDevice['choice']): Promise<void> {
  unwrap(await binding().chooseComputeDevice(choice))
}
