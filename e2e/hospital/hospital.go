// Package hospital makes up what a small hospital's network does, as batches of events: every kind, at plausible
// rates, the same for the same seed. The end-to-end tests fill the store and the live stream with it.
package hospital

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"bulwark/event"
)

// Hospital makes events. Its zero value is not ready; use [New].
type Hospital struct {
	rnd   *rand.Rand
	batch event.Batch
	id    uint64
	flow  uint64
	src   string // who began the conversation that is being told
	apps  map[string]*event.Stats
	total event.Stats
}

// New is a hospital whose events depend on seed alone.
func New(seed uint64) *Hospital {
	return &Hospital{rnd: rand.New(rand.NewPCG(seed, 7)), flow: 4_200_000}
}

// Second is the batch of one second that ends at t. Its bytes hold until the next call.
func (h *Hospital) Second(t time.Time) []byte {
	h.id = max(h.id+1, uint64(t.UnixMicro()))
	h.batch.Reset("sensor-1", "Saint-Luc", h.id)
	h.apps, h.total = map[string]*event.Stats{}, event.Stats{Interval: uint64(time.Second), Interface: "eth1"}
	for _, a := range acts() {
		n := int(a.perSecond)
		if h.rnd.Float64() < a.perSecond-float64(n) {
			n++
		}
		for range n {
			h.act(a, t.Add(-time.Duration(h.rnd.Int64N(int64(time.Second)))))
		}
	}
	h.stats(t)
	return h.batch.Bytes()
}

// act is one conversation: what it says, then its flow.
func (h *Hospital) act(a act, at time.Time) {
	h.flow++
	h.src = h.pick(a.from...)
	head := event.Header{Time: at.UnixNano(), Flow: h.flow, Proto: a.proto, VLAN: a.vlan,
		Src: netip.MustParseAddr(h.src), Dst: netip.MustParseAddr(h.pick(a.to...)), Ports: event.Ports{Src: uint16(32768 + h.rnd.IntN(28000)), Dst: a.port}}
	var payloads []event.Payload
	if a.says != nil {
		payloads = a.says(h)
	}
	for _, p := range payloads {
		h.batch.Add(&head, p)
		head.Time += int64(time.Millisecond) * int64(1+h.rnd.IntN(40))
	}
	out, in := uint64(float64(a.out)*(0.4+1.2*h.rnd.Float64())), uint64(float64(a.in)*(0.4+1.2*h.rnd.Float64()))
	flow := &event.Flow{Activity: "Close", App: a.app, Start: uint64(at.UnixNano()), Duration: uint64(h.rnd.Int64N(int64(4*time.Second)) + 2e6),
		BytesOut: out, BytesIn: in, PacketsOut: out/800 + 2, PacketsIn: in/1100 + 2, State: "closed", Reason: "fin",
		SrcMAC: "00:09:0f:12:34:56", DstMAC: "3c:ec:ef:45:01:0a", CommunityID: fmt.Sprintf("1:%022x=", h.rnd.Uint64())}
	if a.vlan == 12 {
		flow.OneSided, flow.BytesIn, flow.PacketsIn = true, 0, 0
	}
	h.batch.Add(&head, flow)
	h.count(a.app, flow, len(payloads))
}

func (h *Hospital) count(app string, f *event.Flow, messages int) {
	totals := []*event.Stats{&h.total}
	if app != "" {
		if h.apps[app] == nil {
			h.apps[app] = &event.Stats{Interval: h.total.Interval, Interface: h.total.Interface, App: app}
		}
		totals = append(totals, h.apps[app])
	}
	for _, s := range totals {
		s.Bytes += f.BytesIn + f.BytesOut
		s.Packets += f.PacketsIn + f.PacketsOut
		s.Messages += uint64(messages)
		s.Flows++
	}
}

func (h *Hospital) stats(t time.Time) {
	head := event.Header{Time: t.UnixNano()}
	h.total.Active = 180 + uint64(h.rnd.IntN(40))
	h.batch.Add(&head, &h.total)
	for _, s := range h.apps {
		h.batch.Add(&head, s)
	}
	h.batch.Add(&head, &event.Stats{Interval: h.total.Interval, Interface: "eth1", VLAN: 12, OneSided: 2})
}

func (h *Hospital) pick(of ...string) string { return of[h.rnd.IntN(len(of))] }
