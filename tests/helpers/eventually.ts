/** Waits until `holds`, for 10 seconds at most. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came true: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
