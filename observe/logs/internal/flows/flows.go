// Package flows takes in what switches, routers and firewalls tell of the conversations that they carry: NetFlow version 5 and 9, IPFIX
// and sFlow version 5, all on one port of UDP. They become events like the sensor's, marked with who told them.
package flows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/wire/netflow"
	"bulwark/wire/sflow"
)

// Bounds of the intake.
const (
	maxExporters = 1024
	maxDatagram  = 64 << 10
	readBuffer   = 8 << 20 // bytes that the kernel is asked to keep
	batchLen     = 512
	tick         = time.Second
	aDay         = int64(24 * time.Hour)
)

// Why datagrams and flows are refused.
const (
	reasonVersion   = "neither NetFlow 5 or 9, IPFIX nor sFlow 5"
	reasonMalformed = "malformed"
	reasonTemplate  = "template not known yet"
	reasonLost      = "lost on the way"
	reasonExporters = "too many exporters"
	reasonEarly     = "told before its time for want of room"
	reasonFull      = "no room"
)

// Options are what an intake is made of.
type Options struct {
	// Listen is the address and port of UDP.
	Listen string
}

// Intake takes in flows. Make it with [New]: it listens from then on.
type Intake struct {
	intake.Tally
	conn      *net.UDPConn
	exporters map[netip.Addr]*exporter
	table     table
	one       told
}

// exporter is what is kept of one address that datagrams come from.
type exporter struct {
	netflow       netflow.Exporter
	sflow         sflow.Datagram
	next          map[uint32]uint32 // number of the datagram that is due, of each agent of sFlow
	lost, unknown uint64            // that are counted already
}

// New listens.
func New(o Options) (*Intake, error) {
	at, err := net.ResolveUDPAddr("udp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for flows on %s: %w", o.Listen, err)
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, fmt.Errorf("listening for flows on %s: %w", o.Listen, err)
	}
	_ = c.SetReadBuffer(readBuffer) // where it cannot be as large, more is lost, which is counted by the exporters' numbers
	return &Intake{conn: c, exporters: map[netip.Addr]*exporter{}}, nil
}

// Name is the intake's.
func (*Intake) Name() string { return "flows" }

// Addr is where it listens.
func (i *Intake) Addr() net.Addr { return i.conn.LocalAddr() }

// Run takes flows until ctx ends; what waits then is told.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	defer i.conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = i.conn.SetReadDeadline(time.Now()) })
	defer stop()
	p := make([]byte, maxDatagram)
	for last := time.Now(); ; {
		if ctx.Err() == nil {
			_ = i.conn.SetReadDeadline(time.Now().Add(tick))
		}
		n, from, err := i.conn.ReadFromUDPAddrPort(p)
		now := time.Now()
		var quiet net.Error
		switch {
		case ctx.Err() != nil:
			i.flush(context.WithoutCancel(ctx), now.Add(2*hold), to)
			return nil
		case errors.As(err, &quiet) && quiet.Timeout():
		case err != nil:
			return fmt.Errorf("taking in flows: %w", err)
		default:
			i.take(p[:n], from.Addr().Unmap(), now.UnixNano())
		}
		if now.Sub(last) >= tick || len(i.table.order) > maxWaiting {
			last = now
			i.flush(ctx, now, to)
		}
	}
}

// flush hands over the conversations that are ripe. Where the sink has no room, they are gone: nobody sends them again.
func (i *Intake) flush(ctx context.Context, now time.Time, to intake.Sink) {
	early := i.table.early
	all := i.table.ripe(now.UnixNano())
	if n := i.table.early - early; n > 0 {
		i.Add(reasonEarly, int(n))
	}
	for len(all) > 0 {
		n := min(len(all), batchLen)
		records := make([]intake.Record, n)
		for k, w := range all[:n] {
			records[k] = intake.Record{Intake: "flows", Sender: w.exporter, Received: now, Event: w.event()}
		}
		if err := to.Take(ctx, records); err != nil {
			i.Add(reasonFull, n)
		}
		all = all[n:]
	}
}

// take reads one datagram.
func (i *Intake) take(p []byte, from netip.Addr, now int64) {
	x := i.exporters[from]
	if x == nil {
		if len(i.exporters) >= maxExporters {
			i.Add(reasonExporters, 1)
			return
		}
		x = &exporter{next: map[uint32]uint32{}}
		i.exporters[from] = x
	}
	var err error
	switch {
	case len(p) >= 4 && binary.BigEndian.Uint32(p) == 5: // the version of sFlow has four bytes, that of NetFlow two
		err = x.sflow.Decode(p, func(s *sflow.Sample) { i.sample(s, from, now) })
		i.number(x)
	default:
		err = x.netflow.Decode(p, func(f *netflow.Flow) { i.record(f, from, now) })
		i.some(reasonLost, x.netflow.Lost-x.lost)
		i.some(reasonTemplate, x.netflow.Unknown-x.unknown)
		x.lost, x.unknown = x.netflow.Lost, x.netflow.Unknown
	}
	switch {
	case errors.Is(err, netflow.ErrVersion), errors.Is(err, sflow.ErrVersion):
		i.Add(reasonVersion, 1)
	case err != nil:
		i.Add(reasonMalformed, 1)
	}
}

// number counts datagrams of sFlow that did not arrive.
func (i *Intake) number(x *exporter) {
	const most = 1 << 16
	d := &x.sflow
	due, known := x.next[d.SubAgent]
	if gap := d.Number - due; known && gap < most {
		i.some(reasonLost, uint64(gap))
	}
	if known || len(x.next) < 64 {
		x.next[d.SubAgent] = d.Number + 1
	}
}

// some counts n more, where there are any.
func (i *Intake) some(reason string, n uint64) {
	if n > 0 {
		i.Add(reason, int(n))
	}
}

// record takes a flow of NetFlow or IPFIX.
func (i *Intake) record(f *netflow.Flow, from netip.Addr, now int64) {
	const fin, rst = 0x01, 0x04
	i.one = told{exporter: from, src: netip.AddrPortFrom(f.Src, f.SrcPort), dst: netip.AddrPortFrom(f.Dst, f.DstPort), proto: f.Proto,
		packets: f.Packets, bytes: f.Bytes, packetsBack: f.PacketsBack, bytesBack: f.BytesBack, flags: f.Flags, flagsBack: f.FlagsBack, both: f.Both,
		start: f.Start, end: f.End, vlan: f.VLAN, sampling: f.Sampling,
		closed: f.Reason == 1 || f.Reason == 3 || f.Reason == 0 && (f.Proto != 6 || (f.Flags|f.FlagsBack)&(fin|rst) != 0)}
	if f.End > now+int64(time.Hour) || f.End < now-aDay { // its clock is wrong: how long it lasted is told all the same
		i.one.start, i.one.end = now-min(f.End-f.Start, aDay), now
	}
	i.table.add(&i.one, now)
}

// sample takes a packet of sFlow, which stands for as many as the switch says.
func (i *Intake) sample(s *sflow.Sample, from netip.Addr, now int64) {
	i.one = told{exporter: from, src: netip.AddrPortFrom(s.Src, s.SrcPort), dst: netip.AddrPortFrom(s.Dst, s.DstPort), proto: s.Proto,
		packets: 1, bytes: s.Bytes, flags: s.Flags, start: now, end: now, vlan: s.VLAN, sampling: s.Rate}
	i.table.add(&i.one, now)
}
