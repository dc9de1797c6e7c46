// The one menu that every value of every event opens.
export interface Pivot { field: string; value: string; flow?: string | undefined; device?: number | undefined; at: HTMLElement }

let open: Pivot | undefined = $state.raw(undefined)
export const pivot = { get open() { return open } }
export const choose = (p: Pivot) => { open = p }
export const dismiss = () => { open = undefined }
