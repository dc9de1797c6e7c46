/** The browser and the system, out of what the browser says of itself. */
export function browser(agent: string): string {
  const b = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(agent)
  const name = b && ({ Edg: 'Edge', OPR: 'Opera', Version: 'Safari' }[b[1]!] ?? b[1])
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0]
  return b ? [`${name} ${b[2]}`, system].filter(Boolean).join(', ') : agent
}
