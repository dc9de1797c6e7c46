package engine

import (
	"bytes"
	"net/netip"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dns"
	"bulwark/wire/packet"
)

// maxAnnounced is how many records of a message are searched for facts.
const maxAnnounced = 64

// announced reports what a message of multicast DNS tells of devices: names, services (RFC 6763), makes and models.
func (w *Worker) announced(f *flow, dir wire.Dir, m *dns.Message) {
	w.named(f, m.Answers, "mdns")
	w.named(f, m.Additionals, "mdns")
	speaker := f.addr(dir)
	for _, section := range [...][]dns.Record{m.Answers, m.Additionals} {
		for i := range section[:min(len(section), maxAnnounced)] {
			r := &section[i]
			if r.TTL == 0 { // RFC 6762 §10.1: it says goodbye
				continue
			}
			at := speaker
			w.out.asset = event.Asset{Source: "mdns"}
			switch r.Type {
			case dns.TypeSRV:
				if a := addressOf(m, r.Target); a.IsValid() {
					at = a
				}
				w.out.asset.Role = w.service(r.Name)
			case dns.TypeTXT:
				w.describeTXT(r, &w.out.asset)
			case dns.TypeHINFO: // RFC 1035 §3.3.2: the machine, then its system
				for s := range r.Text() {
					w.out.asset.Software = event.View(s)
				}
			}
			if w.out.asset != (event.Asset{Source: "mdns"}) && at.IsValid() {
				w.tellAssetAt(f, at, &w.out.asset)
			}
		}
	}
}

// named reports the host names that address records give.
func (w *Worker) named(f *flow, records []dns.Record, source string) {
	for i := range records[:min(len(records), maxAnnounced)] {
		r := &records[i]
		a := r.Addr()
		if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || r.TTL == 0 || len(r.Name) < 2 {
			continue
		}
		t := texts{buf: w.out.text[:0]}
		w.out.asset = event.Asset{Hostname: t.unescaped(bytes.TrimSuffix(r.Name, localDomain)), Source: source}
		w.out.text = t.buf
		w.tellAssetAt(f, a, &w.out.asset)
	}
}

var localDomain = []byte(".local")

// addressOf is the address that a message gives a host; invalid where it gives none.
func addressOf(m *dns.Message, host []byte) netip.Addr {
	for _, section := range [...][]dns.Record{m.Answers, m.Additionals} {
		for i := range section[:min(len(section), maxAnnounced)] {
			if a := section[i].Addr(); a.Is4() && bytes.EqualFold(section[i].Name, host) {
				return a
			}
		}
	}
	return netip.Addr{}
}

// service is what an instance serves, ipp/tcp, by its name (RFC 6763 §4.1: Instance._ipp._tcp.local); empty for
// another name.
func (w *Worker) service(name []byte) string {
	at := max(bytes.LastIndex(name, []byte("._tcp.")), bytes.LastIndex(name, []byte("._udp.")))
	if at < 0 {
		return ""
	}
	label := name[bytes.LastIndexByte(name[:at], '.')+1 : at]
	if len(label) < 2 || label[0] != '_' {
		return ""
	}
	t := texts{buf: w.out.text[:0]}
	t.buf = append(append(append(t.buf, label[1:]...), '/'), name[at+2:at+5]...)
	w.out.text = t.buf
	return t.from(0)
}

// describeTXT reads the keys by which makers describe devices: those of Bonjour Printing 1.2, AirPlay, HomeKit, Cast
// and Apple's device-info.
func (w *Worker) describeTXT(r *dns.Record, a *event.Asset) {
	t := texts{buf: w.out.text[:0]}
	for s := range r.Text() {
		at := bytes.IndexByte(s, '=')
		if at < 1 || at > 16 || at+1 >= len(s) {
			continue
		}
		var lower [16]byte
		key, value := lower[:at], s[at+1:]
		for i, c := range s[:at] { // RFC 6763 §6.4: case is ignored
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			key[i] = c
		}
		switch string(key) {
		case "model", "am", "md", "ty", "usb_mdl", "mdl":
			keep(&a.Model, value)
		case "usb_mfg", "mfg", "manufacturer", "vendor":
			keep(&a.Vendor, value)
		case "sn", "serial", "serialnumber":
			keep(&a.Serial, value)
		case "osxvers", "srcvers", "fv", "firmware", "fw", "swver":
			keep(&a.Software, s)
		case "uuid":
			keep(&a.Identifier, value)
		case "deviceid", "mac":
			if isMAC(value) {
				at := len(t.buf)
				t.buf = append(t.buf, bytes.ToLower(value)...)
				a.MAC = t.from(at)
			}
		}
	}
	w.out.text = t.buf
}

// keep takes a value over where there is none yet.
func keep(to *string, value []byte) {
	if *to == "" {
		*to = event.View(value)
	}
}

// isMAC recognises 00:11:22:aa:bb:cc.
func isMAC(b []byte) bool {
	if len(b) != 17 {
		return false
	}
	for i, c := range b {
		hex := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		if i%3 == 2 && c != ':' || i%3 != 2 && !hex {
			return false
		}
	}
	return true
}

// addr is the end of f that sends in a direction.
func (f *flow) addr(dir wire.Dir) netip.Addr {
	if (f.origin == low) == (dir == wire.ToServer) {
		return packet.Addr(&f.key.lo, f.key.v6)
	}
	return packet.Addr(&f.key.hi, f.key.v6)
}

// atPort reports whether one end of f has a port.
func (f *flow) atPort(port uint16) bool {
	return uint16(f.key.ports) == port || uint16(f.key.ports>>16) == port
}
