/** Waits until `holds`, for so many seconds at most. */
export async function eventually(holds: () => Promise<boolean>, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came true: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
