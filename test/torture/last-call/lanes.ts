/** Works on two items at a time; each lane has a name, for files of its own. */
export async function inTwoLanes<T>(
  items: readonly T[],
  work: (item: T, lane: string) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (name: string): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) await work(items[at] as T, name)
  }
  await Promise.all([lane('a'), lane('b')])
}
