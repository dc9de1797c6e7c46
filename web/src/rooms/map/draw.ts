// Draws the map. Only what is in view is drawn; from afar what groups say to each other is one line.
import { step, type Chart, type View } from './model.ts'

export interface Ink { ground: string; disc: string; line: string; text: string; muted: string; accent: string; thread: string; tiers: string[]; font: string }
export interface Picked { group: number; device: number; hover: number } // -1: none

const most = 2500 // lines between devices in one picture
const ropes = 150 // lines between groups
const rank = (tier: string) => (tier === '?' ? 4 : Number(tier[0]))

export class Painter {
  #c: Chart
  #rank: Uint8Array
  #open: Uint8Array
  #name: (g: number) => string
  #most: number // pairs between two groups

  constructor(c: Chart, name: (g: number) => string) {
    this.#c = c
    this.#name = name
    this.#most = c.between.reduce((m, b) => (b.a === b.b ? m : Math.max(m, b.pairs)), 1)
    this.#rank = Uint8Array.from(c.nodes, (n) => rank(n.tier))
    this.#open = Uint8Array.from(c.nodes, (n) => (n.tier.endsWith('?') ? 1 : 0))
  }

  draw(ctx: CanvasRenderingContext2D, width: number, height: number, v: View, ink: Ink, p: Picked) {
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
    if (!near) this.#ropes(ctx, k, ox, oy, ink, p)
    this.#discs(ctx, seen, k, ox, oy, ink, p)
    if (near) this.#threads(ctx, width, height, k, ox, oy, ink)
    if (p.device >= 0) this.#own(ctx, p.device, k, ox, oy, ink)
    if (step * k >= 3) this.#dots(ctx, seen, width, height, k, ox, oy, ink)
    this.#labels(ctx, seen, width, height, k, ox, oy, ink, near)
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
  #ropes(ctx: CanvasRenderingContext2D, k: number, ox: number, oy: number, ink: Ink, p: Picked) {
    const c = this.#c
    let left = ropes
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
    }
    ctx.globalAlpha = 1
  }

  /** What devices in view say to each other, the busiest first, as one path. */
  #threads(ctx: CanvasRenderingContext2D, width: number, height: number, k: number, ox: number, oy: number, ink: Ink) {
    const { x, y, edges } = this.#c
    const inside = (px: number, py: number) => px >= 0 && px <= width && py >= 0 && py <= height
    let left = most
    ctx.beginPath()
    for (let i = 0; i < edges.length && left > 0; i++) {
      const e = edges[i]!
      const x1 = x[e.f]! * k + ox, y1 = y[e.f]! * k + oy, x2 = x[e.t]! * k + ox, y2 = y[e.t]! * k + oy
      if (!inside(x1, y1) && !inside(x2, y2)) continue
      ctx.moveTo(x1, y1)
      ctx.lineTo(x2, y2)
      left--
    }
    ctx.lineWidth = 0.7
    ctx.globalAlpha = left > most - 300 ? 0.8 : 0.35
    ctx.strokeStyle = ink.thread
    ctx.stroke()
    ctx.globalAlpha = 1
  }

  /** All that the chosen device says. */
  #own(ctx: CanvasRenderingContext2D, device: number, k: number, ox: number, oy: number, ink: Ink) {
    const { x, y, edges } = this.#c
    ctx.beginPath()
    for (const e of edges) {
      if (e.f !== device && e.t !== device) continue
      ctx.moveTo(x[e.f]! * k + ox, y[e.f]! * k + oy)
      ctx.lineTo(x[e.t]! * k + ox, y[e.t]! * k + oy)
    }
    ctx.lineWidth = 1.4
    ctx.strokeStyle = ink.accent
    ctx.stroke()
  }

  /** The devices: the colour is the criticality, a hollow one is not confirmed. One path for all of a colour. */
  #dots(ctx: CanvasRenderingContext2D, seen: number[], width: number, height: number, k: number, ox: number, oy: number, ink: Ink) {
    const c = this.#c, r = Math.min(9, Math.max(1, step * k * 0.24)), round = r >= 2.5
    for (let tier = 4; tier >= 0; tier--) {
      for (const open of [0, 1]) {
        ctx.beginPath()
        let any = false
        for (const g of seen) {
          for (const i of c.members[g]!) {
            if (this.#rank[i] !== tier || this.#open[i] !== open) continue
            const x = c.x[i]! * k + ox, y = c.y[i]! * k + oy
            if (x < -r || y < -r || x > width + r || y > height + r) continue
            any = true
            if (round) { ctx.moveTo(x + r, y); ctx.arc(x, y, r, 0, 6.2832) }
            else ctx.rect(x - r, y - r, 2 * r, 2 * r)
          }
        }
        if (!any) continue
        ctx.fillStyle = open && round ? ink.disc : ink.tiers[tier]!
        ctx.fill()
        if (open && round) {
          ctx.lineWidth = Math.min(2, r / 2.5)
          ctx.strokeStyle = ink.tiers[tier]!
          ctx.stroke()
        }
      }
    }
  }

  #labels(ctx: CanvasRenderingContext2D, seen: number[], width: number, height: number, k: number, ox: number, oy: number, ink: Ink, near: boolean) {
    const c = this.#c
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
      const x = c.gx[g]! * k + ox, y = Math.max(14, (c.gy[g]! - c.gr[g]!) * k + oy - 5)
      const s = this.#name(g), half = s.length * 3.4
      if (taken.some(([tx, ty, th]) => Math.abs(tx - x) < th + half && Math.abs(ty - y) < 14)) continue
      taken.push([x, y, half])
      put(s, x, y, ink.text)
    }
    if (!near || step * k < 44) return
    let left = 160
    for (const g of seen) {
      for (const i of c.members[g]!) {
        const x = c.x[i]! * k + ox, y = c.y[i]! * k + oy
        if (x < 0 || y < 0 || x > width || y > height || left-- <= 0) continue
        const name = c.nodes[i]!.name
        put(name.length > 18 ? `${name.slice(0, 17)}…` : name, x, y + 21, ink.muted)
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
