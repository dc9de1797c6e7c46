/** Hands something to the browser to keep, as a file of JSON. */
export function saveAs(what: unknown, name: string) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(what, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
