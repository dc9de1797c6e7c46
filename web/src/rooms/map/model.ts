// The map as the inventory tells it, and where everything stands on it. The places follow from the devices alone: the
// same devices are always drawn alike.
export interface Group { name: string; outside?: boolean; count: number }
export interface Node { id: number; name: string; group: number; tier: string } // id 0: outside the hospital
export interface Edge { f: number; t: number; a: number[]; n: number; b: number }
export interface Told { by: 'class' | 'network' | 'ward'; groups: Group[]; devices: Node[] | null; edges: Edge[] | null; apps: string[]; cut: number }

/** What two groups say to each other, in both directions. */
export interface Between { a: number; b: number; n: number; pairs: number }

export interface Chart {
  told: Told
  nodes: Node[]
  edges: Edge[]
  x: Float32Array // of the devices
  y: Float32Array
  gx: Float32Array // of the groups, with their radius
  gy: Float32Array
  gr: Float32Array
  members: number[][] // of each group
  between: Between[] // the busiest first
  box: { x0: number; y0: number; x1: number; y1: number }
}

/** The distance between devices of a group, in the map's own measure. */
export const step = 12
const turn = 2.399963 // the golden angle: a sunflower fills a disc evenly

export const keyOf = (g: Group) => (g.outside ? '~outside' : g.name || '~unknown')

/** Places the groups, the largest in the middle, and the devices within. */
export function chart(told: Told): Chart {
  const nodes = told.devices ?? [], edges = told.edges ?? [], groups = told.groups
  const members: number[][] = groups.map(() => [])
  nodes.forEach((n, i) => members[n.group]?.push(i))
  const gx = new Float32Array(groups.length), gy = new Float32Array(groups.length), gr = new Float32Array(groups.length)
  groups.forEach((g, i) => { gr[i] = step * 0.56 * Math.sqrt(g.count) + step * 1.3 })
  pack(gx, gy, gr)
  const x = new Float32Array(nodes.length), y = new Float32Array(nodes.length)
  members.forEach((all, g) => all.forEach((i, k) => {
    const r = all.length === 1 ? 0 : step * 0.56 * Math.sqrt(k + 0.5)
    x[i] = gx[g]! + r * Math.cos(k * turn)
    y[i] = gy[g]! + r * Math.sin(k * turn)
  }))
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity }
  groups.forEach((_, g) => {
    box.x0 = Math.min(box.x0, gx[g]! - gr[g]!)
    box.x1 = Math.max(box.x1, gx[g]! + gr[g]!)
    box.y0 = Math.min(box.y0, gy[g]! - gr[g]!)
    box.y1 = Math.max(box.y1, gy[g]! + gr[g]!)
  })
  return { told, nodes, edges, x, y, gx, gy, gr, members, between: sums(nodes, edges, groups.length), box }
}

/** Puts circles side by side: each, the largest first, at the first free place of a spiral, which is wider than high. */
function pack(gx: Float32Array, gy: Float32Array, gr: Float32Array) {
  const gap = step * 2.4
  let from = 0
  const order = [...gr.keys()].sort((a, b) => gr[b]! - gr[a]! || a - b)
  const done: number[] = []
  for (const g of order) {
    for (let t = from * 0.7, angle = 0; ; angle += 0.3, t += 1.2) {
      const px = t * 1.5 * Math.cos(angle), py = t * Math.sin(angle)
      if (done.every((o) => Math.hypot(px - gx[o]!, py - gy[o]!) >= gr[g]! + gr[o]! + gap)) {
        gx[g] = px
        gy[g] = py
        from = Math.max(from, t * 0.5)
        break
      }
    }
    done.push(g)
  }
}

function sums(nodes: Node[], edges: Edge[], groups: number): Between[] {
  const by = new Map<number, Between>()
  for (const e of edges) {
    const f = nodes[e.f]!.group, t = nodes[e.t]!.group
    const a = Math.min(f, t), b = Math.max(f, t), key = a * groups + b
    const x = by.get(key)
    if (x) { x.n += e.n; x.pairs++ } else by.set(key, { a, b, n: e.n, pairs: 1 })
  }
  return [...by.values()].sort((p, q) => q.n - p.n)
}

export interface View { x: number; y: number; k: number } // the middle of the picture, and pixels per unit

/** The view that shows a part of the map whole. */
export function fit(box: Chart['box'], width: number, height: number): View {
  const w = Math.max(1, box.x1 - box.x0), h = Math.max(1, box.y1 - box.y0)
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, k: Math.min(width / (w * 1.06), (height - 24) / (h * 1.06), 5) }
}

/** What is at a point of the map: a device where devices are large enough to be hit, else a group. */
export function hit(c: Chart, px: number, py: number, k: number): { group?: number; device?: number } {
  for (let g = 0; g < c.gr.length; g++) {
    if (Math.hypot(px - c.gx[g]!, py - c.gy[g]!) > c.gr[g]!) continue
    if (step * k < 9) return { group: g }
    let best = -1, near = Math.min(step * 0.6, 14 / k)
    for (const i of c.members[g]!) {
      const d = Math.hypot(px - c.x[i]!, py - c.y[i]!)
      if (d < near) { near = d; best = i }
    }
    return best < 0 ? { group: g } : { group: g, device: best }
  }
  return {}
}
