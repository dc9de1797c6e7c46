// Draws the map. Only what is in view is drawn; from afar what groups say to each other is one line.
import { step, type Chart, type View } from './model.ts'

export interface Ink { ground: string; disc: string; line: string; text: string; muted: string; accent: string; thread: string; tiers: string[]; font: string }
export interface Picked { group: number; device: number; hover: number } // -1: none

const most = 2500 // lines between devices in one picture
const ropes = 150 // lines between groups
const round = 2.5 // pixels: smaller dots are square
const rank = (tier: string) => (tier === '?' ? 4 : Number(tier[0]))

const slice = { ropes: 25, threads: 4000, dots: 300, labels: 12 } // that are drawn between two looks at the clock
const looks = 10 // five tiers, each confirmed or not

/** A name that has little room: its beginning, and how many there are; one that has hardly any: its beginning. */
const short = (s: string) => s.replace(/^(.{9}).{4,}( · [^·]+)$/u, '$1…$2')
const brief = (s: string) => s.replace(/^(.{6}).{2,}( · [^·]+)$/u, '$1…')

export class Painter {
  #widths = new Map<string, number>() // of names, in pixels
  #c: Chart
  #order: Uint32Array // the devices by how they look, those that stand out last; within, by their group
  #upTo = new Uint32Array(looks) // where each look ends
  #from: Uint32Array // of the edges
  #to: Uint32Array
  #name: (g: number) => string
  #most: number // pairs between two groups

  constructor(c: Chart, name: (g: number) => string) {
    this.#c = c
    this.#name = name
    this.#most = c.between.reduce((m, b) => (b.a === b.b ? m : Math.max(m, b.pairs)), 1)
    const look = Uint8Array.from(c.nodes, (n) => 2 * (4 - rank(n.tier)) + (n.tier.endsWith('?') ? 1 : 0))
    for (const l of look) this.#upTo[l]!++
    for (let l = 1; l < looks; l++) this.#upTo[l]! += this.#upTo[l - 1]!
    const next = Uint32Array.from(this.#upTo, (_, l) => (l === 0 ? 0 : this.#upTo[l - 1]!))
    this.#order = new Uint32Array(c.nodes.length)
    for (const all of c.members) for (const i of all) this.#order[next[look[i]!]!++] = i
    this.#from = Uint32Array.from(c.edges, (e) => e.f)
    this.#to = Uint32Array.from(c.edges, (e) => e.t)
  }

  /** Draws in small parts: each step takes a fraction of a frame, so that a frame can end between any two of them. */
  *draw(ctx: CanvasRenderingContext2D, width: number, height: number, v: View, ink: Ink, p: Picked): Generator<void> {
    const c = this.#c, k = v.k
    const ox = width / 2 - v.x * k, oy = height / 2 - v.y * k
    const seen: number[] = []
    for (let g = 0; g < c.gr.length; g++) {
      const x = c.gx[g]! * k + ox, y = c.gy[g]! * k + oy, r = c.gr[g]! * k
      if (x + r > 0 && x - r < width && y + r > -16 && y - r < height) seen.push(g)
    }
    ctx.fillStyle = ink.ground
    ctx.fillRect(0, 0, width, height)
    const near = step * k >= 14
    if (!near) yield* this.#ropes(ctx, k, ox, oy, ink, p)
    this.#discs(ctx, seen, k, ox, oy, ink, p)
    yield
    if (near) yield* this.#threads(ctx, width, height, k, ox, oy, ink)
    if (p.device >= 0) { this.#own(ctx, p.device, k, ox, oy, ink); yield }
    if (step * k >= 3) yield* this.#dots(ctx, width, height, k, ox, oy, ink)
    yield* this.#labels(ctx, seen, width, height, k, ox, oy, ink, near)
    for (const i of [p.device, p.hover]) if (i >= 0) this.#ring(ctx, i, k, ox, oy, ink)
  }

  #discs(ctx: CanvasRenderingContext2D, seen: number[], k: number, ox: number, oy: number, ink: Ink, p: Picked) {
    const c = this.#c
    ctx.lineWidth = 1
    for (const g of seen) {
      ctx.beginPath()
      ctx.arc(c.gx[g]! * k + ox, c.gy[g]! * k + oy, c.gr[g]! * k, 0, 7)
      ctx.fillStyle = ink.disc
      ctx.fill()
      ctx.strokeStyle = g === p.group ? ink.accent : ink.line
      ctx.lineWidth = g === p.group ? 2 : 1
      ctx.stroke()
    }
  }

  /** What groups say to each other; those of the chosen group stand out. */
  *#ropes(ctx: CanvasRenderingContext2D, k: number, ox: number, oy: number, ink: Ink, p: Picked): Generator<void> {
    const c = this.#c
    let left = ropes, drawn = 0
    for (const b of c.between) {
      if (b.a === b.b || (left-- <= 0 && b.a !== p.group && b.b !== p.group)) continue
      const own = b.a === p.group || b.b === p.group
      const x1 = c.gx[b.a]! * k + ox, y1 = c.gy[b.a]! * k + oy, x2 = c.gx[b.b]! * k + ox, y2 = c.gy[b.b]! * k + oy
      const far = Math.hypot(x2 - x1, y2 - y1) || 1
      const ax = x1 + ((x2 - x1) * c.gr[b.a]! * k) / far, ay = y1 + ((y2 - y1) * c.gr[b.a]! * k) / far
      const bx = x2 - ((x2 - x1) * c.gr[b.b]! * k) / far, by = y2 - ((y2 - y1) * c.gr[b.b]! * k) / far
      ctx.beginPath()
      ctx.moveTo(ax, ay)
      ctx.quadraticCurveTo((ax + bx) / 2 - (by - ay) * 0.12, (ay + by) / 2 + (bx - ax) * 0.12, bx, by)
      ctx.lineWidth = 0.5 + 4.5 * Math.sqrt(b.pairs / this.#most)
      ctx.strokeStyle = own ? ink.accent : ink.thread
      ctx.globalAlpha = own ? 0.9 : p.group >= 0 ? 0.2 : 0.55
      ctx.stroke()
      if (++drawn % slice.ropes === 0) yield
    }
    ctx.globalAlpha = 1
  }

  /** What devices in view say to each other, the busiest first. */
  *#threads(ctx: CanvasRenderingContext2D, width: number, height: number, k: number, ox: number, oy: number, ink: Ink): Generator<void> {
    const all = this.#from.length
    const found: number[] = []
    for (let i = 0; i < all && found.length < most; i += slice.threads) {
      this.#inView(found, i, Math.min(all, i + slice.threads), width, height, k, ox, oy)
      yield
    }
    const { x, y } = this.#c
    for (let i = 0; i < found.length; i += slice.dots) {
      ctx.beginPath()
      for (const e of found.slice(i, i + slice.dots)) {
        const f = this.#from[e]!, t = this.#to[e]!
        ctx.moveTo(x[f]! * k + ox, y[f]! * k + oy)
        ctx.lineTo(x[t]! * k + ox, y[t]! * k + oy)
      }
      ctx.lineWidth = 0.7
      ctx.globalAlpha = found.length < 300 ? 0.8 : 0.35
      ctx.strokeStyle = ink.thread
      ctx.stroke()
      ctx.globalAlpha = 1
      yield
    }
  }

  /** Adds the edges of a part that have an end in view, as far as there is room. */
  #inView(found: number[], from: number, to: number, width: number, height: number, k: number, ox: number, oy: number) {
    const { x, y } = this.#c
    const x0 = -ox / k, x1 = (width - ox) / k, y0 = -oy / k, y1 = (height - oy) / k
    for (let i = from; i < to && found.length < most; i++) {
      const f = this.#from[i]!, t = this.#to[i]!
      const fx = x[f]!, fy = y[f]!, tx = x[t]!, ty = y[t]!
      if ((fx >= x0 && fx <= x1 && fy >= y0 && fy <= y1) || (tx >= x0 && tx <= x1 && ty >= y0 && ty <= y1)) found.push(i)
    }
  }

  /** All that the chosen device says. */
  #own(ctx: CanvasRenderingContext2D, device: number, k: number, ox: number, oy: number, ink: Ink) {
    const { x, y } = this.#c
    ctx.beginPath()
    for (let i = 0; i < this.#from.length; i++) {
      const f = this.#from[i]!, t = this.#to[i]!
      if (f !== device && t !== device) continue
      ctx.moveTo(x[f]! * k + ox, y[f]! * k + oy)
      ctx.lineTo(x[t]! * k + ox, y[t]! * k + oy)
    }
    ctx.lineWidth = 1.4
    ctx.strokeStyle = ink.accent
    ctx.stroke()
  }

  /** The devices: the colour is the criticality, a hollow one is not confirmed. */
  *#dots(ctx: CanvasRenderingContext2D, width: number, height: number, k: number, ox: number, oy: number, ink: Ink): Generator<void> {
    const r = Math.min(9, Math.max(1, step * k * 0.24))
    for (let look = 0, at = 0; look < looks; look++) {
      for (const end = this.#upTo[look]!; at < end; ) {
        const next = Math.min(end, at + slice.dots)
        if (this.#dotsFrom(ctx, at, next, r, width, height, k, ox, oy)) this.#fill(ctx, look, r, ink)
        at = next
        yield
      }
    }
  }

  /** Makes one path of devices that look alike; false where none of them is in view. */
  #dotsFrom(ctx: CanvasRenderingContext2D, from: number, to: number, r: number, width: number, height: number, k: number, ox: number, oy: number): boolean {
    const c = this.#c, order = this.#order
    let any = false
    ctx.beginPath()
    for (let n = from; n < to; n++) {
      const i = order[n]!
      const x = c.x[i]! * k + ox, y = c.y[i]! * k + oy
      if (x < -r || y < -r || x > width + r || y > height + r) continue
      any = true
      if (r >= round) { ctx.moveTo(x + r, y); ctx.arc(x, y, r, 0, 6.2832) }
      else ctx.rect(x - r, y - r, 2 * r, 2 * r)
    }
    return any
  }

  #fill(ctx: CanvasRenderingContext2D, look: number, r: number, ink: Ink) {
    const tier = ink.tiers[4 - (look >> 1)]!, hollow = look % 2 === 1 && r >= round
    ctx.fillStyle = hollow ? ink.disc : tier
    ctx.fill()
    if (!hollow) return
    ctx.lineWidth = Math.min(2, r / 2.5)
    ctx.strokeStyle = tier
    ctx.stroke()
  }

  #width(ctx: CanvasRenderingContext2D, s: string): number {
    let w = this.#widths.get(s)
    if (w === undefined) this.#widths.set(s, (w = ctx.measureText(s).width))
    return w
  }

  *#labels(ctx: CanvasRenderingContext2D, seen: number[], width: number, height: number, k: number, ox: number, oy: number, ink: Ink, near: boolean): Generator<void> {
    const c = this.#c
    let written = 0
    ctx.font = ink.font
    ctx.textAlign = 'center'
    ctx.lineJoin = 'round'
    ctx.strokeStyle = ink.ground
    ctx.lineWidth = 3
    const put = (s: string, x: number, y: number, colour: string) => {
      ctx.strokeText(s, x, y)
      ctx.fillStyle = colour
      ctx.fillText(s, x, y)
    }
    const taken: [number, number, number][] = []
    for (const g of seen) {
      // Above its group, within the picture; below it where another name stands there.
      // In short where there is no room for all of it, and on the group itself where there is none beside it.
      const whole = this.#name(g), middle = c.gy[g]! * k + oy + 4, above = Math.max(14, (c.gy[g]! - c.gr[g]!) * k + oy - 5), below = (c.gy[g]! + c.gr[g]!) * k + oy + 15
      for (const s of [whole, short(whole), brief(whole)]) {
        const half = this.#width(ctx, s) / 2 + 3
        const x = Math.min(Math.max(c.gx[g]! * k + ox, half + 6), Math.max(half + 6, width - half - 6))
        const free = (y: number) => y > 0 && y < height && !taken.some(([tx, ty, th]) => Math.abs(tx - x) < th + half && Math.abs(ty - y) < 14)
        const apart = (y: number) => !seen.some((o) => Math.abs(c.gx[o]! * k + ox - x) < c.gr[o]! * k + half && Math.abs(c.gy[o]! * k + oy - y + 4) < c.gr[o]! * k)
        const y = free(above) ? above : free(below) && apart(below) ? below : s !== whole && free(middle) ? middle : undefined
        if (y === undefined) continue
        taken.push([x, y, half])
        put(s, x, y, ink.text)
        break
      }
      if (++written % slice.labels === 0) yield
    }
    if (!near || step * k < 44) return
    let left = 160
    for (const g of seen) {
      for (const i of c.members[g]!) {
        const x = c.x[i]! * k + ox, y = c.y[i]! * k + oy
        if (x < 0 || y < 0 || x > width || y > height || left-- <= 0) continue
        const name = c.nodes[i]!.name
        put(name.length > 18 ? `${name.slice(0, 17)}…` : name, x, y + 21, ink.muted)
        if (++written % slice.labels === 0) yield
      }
    }
  }

  #ring(ctx: CanvasRenderingContext2D, i: number, k: number, ox: number, oy: number, ink: Ink) {
    const c = this.#c, r = Math.min(9, Math.max(1, step * k * 0.24)) + 3
    ctx.beginPath()
    ctx.arc(c.x[i]! * k + ox, c.y[i]! * k + oy, r, 0, 7)
    ctx.lineWidth = 2
    ctx.strokeStyle = ink.accent
    ctx.stroke()
  }
}
