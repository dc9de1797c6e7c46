package engine

import (
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/netbios"
)

func looksLikeNetBIOS(p []byte) bool { return netbios.Looks(p) || netbios.LooksDatagram(p) }

// nbnsDatagram takes one message of NetBIOS: of the datagram service or of the name service.
func (w *Worker) nbnsDatagram(f *flow, dir wire.Dir, p []byte) {
	if netbios.LooksDatagram(p) {
		w.tellNetBIOS(f, dir, p)
		return
	}
	m := &w.out.nbnsMessage
	if err := netbios.Parse(p, m); err != nil {
		w.count.malformed++
		if len(m.Name.Text()) == 0 {
			return
		}
	}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.nbns
	*e = event.NBNS{Activity: activityNBNS(m), ID: uint64(m.ID), Name: t.netbios(m.Name.Text()), Suffix: t.byte(m.Name.Suffix()),
		Scope: t.scope(m.Name.Scope), Broadcast: m.Broadcast, Answered: m.Response && m.Opcode != netbios.Query,
		Rcode: uint64(m.Rcode), TTL: uint64(m.TTL), Addresses: e.Addresses[:0], Names: e.Names[:0], Serves: e.Serves[:0]}
	for _, a := range m.Addresses {
		e.Addresses = append(e.Addresses, t.addr(a.Addr))
		e.Group, e.Node = a.Flags.Group(), a.Flags.Node()
	}
	e.Use = netbios.Use(m.Name.Suffix(), e.Group)
	for i := range m.Nodes {
		e.Names = append(e.Names, t.node(&m.Nodes[i]))
	}
	if m.Unit != [6]byte{} {
		e.MAC = t.mac(m.Unit[:])
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.claimed(f, dir, m)
}

func activityNBNS(m *netbios.Message) string {
	switch m.Opcode {
	case netbios.Registration, netbios.MultiHomed:
		return "Registration"
	case netbios.Refresh, netbios.RefreshToo:
		return "Refresh"
	case netbios.Release:
		return "Release"
	case netbios.Wait:
		return "Wait"
	}
	switch {
	case m.Status && len(m.Nodes) > 0:
		return "Status"
	case m.Response:
		return "Response"
	}
	return "Query"
}

// claimed reports which hosts have which names: those that hosts claim or are known by, and those a node tells.
func (w *Worker) claimed(f *flow, dir wire.Dir, m *netbios.Message) {
	own := m.Name.Suffix() == 0x00 || m.Name.Suffix() == 0x20 // what hosts are called; other suffixes repeat it
	if m.Rcode == 0 && m.Opcode != netbios.Release && own && !m.Name.Wildcard() {
		for _, a := range m.Addresses {
			if !a.Flags.Group() {
				w.out.asset = event.Asset{Hostname: w.netbios(m.Name.Text()), Source: "nbns"}
				w.tellAssetAt(f, a.Addr, &w.out.asset)
			}
		}
	}
	if len(m.Nodes) == 0 {
		return
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		w.out.asset = event.Asset{MAC: w.out.nbns.MAC, Source: "nbns"}
		switch group := n.Flags.Group(); {
		case n.Suffix() == 0x00 && !group:
			w.out.asset.Hostname = w.netbios(n.Text())
		case n.Suffix() == 0x20, n.Suffix() == 0x1b, n.Suffix() == 0x1c, n.Suffix() == 0x1d:
			w.out.asset.Role = netbios.Use(n.Suffix(), group)
		default:
			continue
		}
		w.tellAssetAt(f, f.addr(dir), &w.out.asset)
	}
}

// tellNetBIOS tells one message of the datagram service.
func (w *Worker) tellNetBIOS(f *flow, dir wire.Dir, p []byte) {
	d := &w.out.nbnsDatagram
	if err := netbios.ParseDatagram(p, d); err != nil {
		w.count.malformed++
		return
	}
	a := &d.Announce
	t := texts{buf: w.out.text[:0]}
	e := &w.out.nbns
	*e = event.NBNS{Activity: "Datagram", ID: uint64(d.ID), Name: t.netbios(d.To.Text()), Suffix: t.byte(d.To.Suffix()),
		Use: netbios.Use(d.To.Suffix(), d.Kind == netbios.DirectGroup), Group: d.Kind == netbios.DirectGroup, Scope: t.scope(d.To.Scope),
		Broadcast: d.Kind == netbios.Broadcast, From: t.netbios(d.From.Text()), Mailslot: event.View(d.Mailslot),
		Announces: a.Kind.String(), Host: event.View(a.Name), Comment: event.View(a.Comment),
		Addresses: e.Addresses[:0], Names: e.Names[:0], Serves: e.Serves[:0]}
	if a.Kind != 0 {
		e.Activity = "Announcement"
	}
	if a.Major != 0 {
		e.Software = t.version(a.Major, a.Minor)
	}
	for s := range a.Serves {
		e.Serves = append(e.Serves, s)
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.announcer(f, f.addr(dir), d)
}

// announcer reports the host that sent a datagram.
func (w *Worker) announcer(f *flow, at netip.Addr, d *netbios.Datagram) {
	if s := d.From.Suffix(); d.Source != at || s != 0x00 && s != 0x20 {
		return // passed on by another, or sent in the name of a domain
	}
	w.out.asset = event.Asset{Hostname: w.out.nbns.From, Source: "nbns"}
	if a := &d.Announce; a.Kind == netbios.Host || a.Kind == netbios.LocalMaster {
		w.out.asset.Software = w.out.nbns.Software
		for s := range a.Serves {
			w.out.asset.Role = s
			w.tellAssetAt(f, at, &w.out.asset)
		}
	}
	if w.out.asset.Role == "" {
		w.tellAssetAt(f, at, &w.out.asset)
	}
}

// netbios is a name as people read it.
func (t *texts) netbios(name []byte) string {
	at := len(t.buf)
	t.buf = netbios.AppendText(t.buf, name)
	return t.from(at)
}

// netbios is a name as people read it, behind the texts of the event at hand.
func (w *Worker) netbios(name []byte) string {
	t := texts{buf: w.out.text}
	s := t.netbios(name)
	w.out.text = t.buf
	return s
}

func (t *texts) scope(scope []byte) string {
	at := len(t.buf)
	t.buf = netbios.AppendScope(t.buf, scope)
	return t.from(at)
}

// node is a name with what it is for.
func (t *texts) node(n *netbios.Node) string {
	at := len(t.buf)
	t.buf = append(netbios.AppendText(t.buf, n.Text()), ' ')
	t.buf = append(t.buf, netbios.Use(n.Suffix(), n.Flags.Group())...)
	return t.from(at)
}

// byte is a byte in hexadecimal.
func (t *texts) byte(b byte) string {
	at := len(t.buf)
	t.buf = append(t.buf, hexDigits[b>>4], hexDigits[b&15])
	return t.from(at)
}

// version is two numbers with a dot.
func (t *texts) version(major, minor uint8) string {
	at := len(t.buf)
	t.buf = append(strconv.AppendUint(t.buf, uint64(major), 10), '.')
	t.buf = strconv.AppendUint(t.buf, uint64(minor), 10)
	return t.from(at)
}
