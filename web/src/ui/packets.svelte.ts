// Packets and copies of files that the node keeps: whether they can be asked for, and which are being asked for.
export interface Asked { file?: string | undefined; name?: string | undefined; flow?: string | undefined; host?: string | undefined; from?: string | undefined; to?: string | undefined }

let asked: Asked | undefined = $state.raw(undefined)
let kept = $state(false)
let copies = $state(false)
let may = $state(false)

export const packets = {
  get asked() { return asked },
  /** The node keeps packets. */
  get kept() { return kept },
  /** The node keeps copies of files. */
  get copies() { return copies },
  /** Whoever is signed in may open them. */
  get may() { return may },
}
export const askPackets = (a: Asked) => { asked = a }
export const answered = () => { asked = undefined }
export const keeps = (p: boolean, c: boolean) => { kept = p; copies = c }
export const permit = (duties: string[]) => { may = duties.includes('analyst') }
