package engine

import (
	"encoding/binary"
	"slices"
	"testing"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// anomalies keeps the names of what is odd.
type anomalies struct{ names []string }

func (a *anomalies) Event(_ *event.Header, p event.Payload) {
	if o, ok := p.(*event.Anomaly); ok {
		a.names = append(a.names, o.Event)
	}
}

func TestWhatIsOddAboutAConnection(t *testing.T) {
	for _, c := range []struct {
		what string
		eve  bool
		send func(f *feeder)
		want []string
	}{
		{"nothing", true, func(f *feeder) {
			f.handshake(100, 200)
			f.send(wire.ToServer, 101, 201, packet.FIN|packet.ACK, nil)
			f.send(wire.ToClient, 201, 102, packet.FIN|packet.ACK, nil)
			f.send(wire.ToServer, 102, 202, packet.ACK, nil)
		}, nil},
		{"a SYN-ACK again that confirms something else", false, func(f *feeder) {
			f.send(wire.ToServer, 100, 0, packet.SYN, nil)
			f.send(wire.ToClient, 200, 101, packet.SYN|packet.ACK, nil)
			f.send(wire.ToClient, 200, 90, packet.SYN|packet.ACK, nil)
		}, []string{"stream.3whs_synack_resend_with_different_ack"}},
		{"a first SYN-ACK that confirms something else", false, func(f *feeder) {
			f.send(wire.ToServer, 100, 0, packet.SYN, nil)
			f.send(wire.ToClient, 200, 90, packet.SYN|packet.ACK, nil)
		}, []string{"stream.3whs_synack_with_wrong_ack"}},
		{"who has reset a connection goes on", false, func(f *feeder) {
			f.handshake(100, 200)
			f.send(wire.ToClient, 201, 101, packet.RST|packet.ACK, nil)
			f.send(wire.ToClient, 201, 101, packet.ACK, []byte("still here"))
		}, []string{"stream.suspected_rst_inject"}},
		{"the other side has not heard of a reset yet", false, func(f *feeder) {
			f.handshake(100, 200)
			f.send(wire.ToClient, 201, 101, packet.RST|packet.ACK, nil)
			f.send(wire.ToServer, 101, 201, packet.ACK, []byte("on its way"))
		}, nil},
		{"an answer that echoes a time stamp nobody sent is none", false, func(f *feeder) {
			f.send(wire.ToServer, 100, 0, packet.SYN, nil)
			f.optioned(wire.ToClient, 0, 101, packet.RST|packet.ACK, []byte{1, 1, 8, 10, 0, 0, 0, 100, 0, 0, 0, 100})
			f.send(wire.ToClient, 200, 101, packet.SYN|packet.ACK, nil)
			f.send(wire.ToServer, 101, 201, packet.ACK, []byte("read"))
			f.send(wire.ToServer, 99, 0, packet.SYN, nil)
		}, []string{"stream.pkt_invalid_timestamp", "stream.est_syn_resend_diff_seq"}},
		{"a signed reset counts once its sender falls silent", false, func(f *feeder) {
			f.handshake(100, 200)
			f.optioned(wire.ToServer, 101, 201, packet.RST|packet.ACK, append([]byte{1, 1, 19, 18}, make([]byte, 16)...))
			f.send(wire.ToServer, 101, 201, packet.ACK, []byte("read"))
			f.send(wire.ToServer, 99, 0, packet.SYN, nil)
		}, []string{"stream.suspected_rst_inject", "stream.est_syn_resend_diff_seq"}},
		{"an end far behind what the receiver takes", false, func(f *feeder) {
			f.handshake(100, 200)
			f.window = 500
			f.send(wire.ToClient, 201, 101, packet.ACK, nil)
			f.send(wire.ToServer, 101+501, 201, packet.FIN|packet.ACK, nil)
		}, []string{"stream.fin_out_of_window"}},
		{"a reset of nothing", true, func(f *feeder) {
			f.send(wire.ToServer, 1, 1, packet.RST|packet.ACK, nil)
		}, []string{"stream.rst_but_no_session"}},
		{"the end of what was not seen", true, func(f *feeder) {
			f.send(wire.ToServer, 1, 1, packet.FIN|packet.ACK, nil)
			f.send(wire.ToClient, 1, 2, packet.FIN|packet.ACK, nil)
		}, []string{"stream.fin_but_no_session"}},
		{"the same where only what matters is told", false, func(f *feeder) {
			f.send(wire.ToServer, 1, 1, packet.FIN|packet.ACK, nil)
		}, nil},
	} {
		var told anomalies
		w := taped(&tape{}, &told)
		if w.opt.EVE = c.eve; c.eve {
			w.full.tally = newTally()
		}
		c.send(&feeder{w: w})
		if !slices.Equal(told.names, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, told.names, c.want)
		}
	}
}

func TestTunnelsThatAreNotOpenedAreSaid(t *testing.T) {
	b := wireTCP(wire.ToServer, 1, 0, packet.SYN, nil)
	for depth, want := range [][]string{nil, nil, nil, nil, {"decoder.too_many_layers"}} {
		var told anomalies
		taped(&tape{}, &told).Packet(1e18, pcap.LinkRaw, len(b), 0, b)
		if !slices.Equal(told.names, want) {
			t.Errorf("%d tunnels: got %q, want %q", depth, told.names, want)
		}
		b = append(slices.Clone(b[:20]), b...) // IP in IP
		b[9] = 4
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	}
}

func TestAFragmentForWhichThereIsNoRoomIsSaid(t *testing.T) {
	var told anomalies
	w := taped(&tape{}, &told)
	for i := range maxSpans + 1 {
		b := wireTCP(wire.ToServer, 1, 0, packet.ACK, nil)
		b = b[:28] // eight bytes behind the header
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		binary.BigEndian.PutUint16(b[6:], 0x2000|uint16(i+1))
		w.Packet(1e18, pcap.LinkRaw, len(b), 0, b)
	}
	if want := []string{"decoder.ipv4.frag_ignored"}; !slices.Equal(told.names, want) {
		t.Errorf("got %q, want %q", told.names, want)
	}
}
