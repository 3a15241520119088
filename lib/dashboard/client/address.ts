/** Address of something in the dashboard, wherever it is mounted. */
export const address = (path: string): URL =>
  new URL((document.documentElement.dataset.root ?? './') + path, location.href)
