// Packets that the node keeps: whether they can be asked for, and of what they are being asked for.
export interface Asked { flow?: string | undefined; host?: string | undefined; from?: string | undefined; to?: string | undefined }

let asked: Asked | undefined = $state.raw(undefined)
let kept = $state(false)
let may = $state(false)

export const packets = {
  get asked() { return asked },
  /** The node keeps packets. */
  get kept() { return kept },
  /** Whoever is signed in may open them. */
  get may() { return may },
}
export const askPackets = (a: Asked) => { asked = a }
export const answered = () => { asked = undefined }
export const keeps = (yes: boolean) => { kept = yes }
export const permit = (duties: string[]) => { may = duties.includes('analyst') }
