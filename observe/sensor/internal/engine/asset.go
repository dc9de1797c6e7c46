package engine

import (
	"bytes"
	"net/netip"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// facts remembers which facts about devices were told lately, so that each is told once an hour and not with each
// message. A fact that another took the place of is told again: nothing is lost.
type facts [factSlots]fact

type fact struct {
	sum uint64
	at  int64
}

const (
	factSlots = 1 << 14
	factLife  = 3600 * second
)

// tellAsset reports a fact about the device at the source of f, unless it was told lately.
func (w *Worker) tellAsset(f *flow, e *event.Asset) {
	src := &f.key.lo
	if f.origin == high {
		src = &f.key.hi
	}
	w.tellAssetAt(f, packet.Addr(src, f.key.v6), e)
}

// tellAssetOf reports a fact about the device that sends the bytes of dir.
func (w *Worker) tellAssetOf(f *flow, dir wire.Dir, e *event.Asset) {
	w.tellAssetAt(f, w.addressOf(f, dir), e)
}

// addressOf is the address of the side that sends the bytes of dir.
func (w *Worker) addressOf(f *flow, dir wire.Dir) netip.Addr {
	if f.origin^end(dir) == high {
		return packet.Addr(&f.key.hi, f.key.v6)
	}
	return packet.Addr(&f.key.lo, f.key.v6)
}

// tellAssetAt reports a fact, which f tells, about the device at an address.
func (w *Worker) tellAssetAt(f *flow, at netip.Addr, e *event.Asset) {
	if w.factIsFresh(at, e) {
		w.header(f)
		w.head.Src = at
		w.opt.Sink.Event(&w.head, e)
	}
}

// factIsFresh reports whether a fact was not told lately, and notes that it is told now.
func (w *Worker) factIsFresh(at netip.Addr, e *event.Asset) bool {
	a := at.As16()
	sum := mum(be64(a[:8])^w.opt.Seed, be64(a[8:])^0xa0761d6478bd642f)
	for _, s := range [...]string{e.MAC, e.Hostname, e.Vendor, e.Model, e.Serial, e.Software, e.Role, e.Source, e.AETitle, e.Identifier, e.Class, e.User, e.Called} {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3 // FNV-1a
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	known := &w.facts[sum&(factSlots-1)]
	if known.sum == sum && w.now < known.at+factLife {
		return false
	}
	*known = fact{sum, w.now}
	return true
}

// called reports the name by which a client called the server of f, which took what it was sent for it: that of a service,
// cifs/files.hospital.example, or of a share. An address is no name.
func (w *Worker) called(f *flow, service []byte, source string) {
	if i := bytes.IndexByte(service, '/'); i >= 0 {
		service = service[i+1:]
	}
	if i := bytes.IndexAny(service, "/@:"); i >= 0 {
		service = service[:i]
	}
	if len(service) == 0 || len(service) > maxHostName {
		return
	}
	if _, err := netip.ParseAddr(event.View(service)); err == nil {
		return
	}
	w.out.asset = event.Asset{Called: event.View(service), Source: source}
	w.tellAssetOf(f, wire.ToClient, &w.out.asset)
}

// maxHostName is the longest name of a host; bytes (RFC 1035 §2.3.4).
const maxHostName = 255
