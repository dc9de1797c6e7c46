package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"

	"bulwark/wire/pcap"
)

const (
	// smallPairs is how many mail connections and as many clients of a name server the small packets are of.
	smallPairs = 60_000
	// smallOpen is how many of each are open at a time.
	smallOpen = 10_000
)

// writeSmall writes a capture of the smallest packets that say something, of 60 to 62 bytes, checksums right: mail
// connections of 14 packets from handshake to farewell, and questions of four names with their answers. Packets of the
// connections that are open at a time take turns, one of each.
func writeSmall(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	w, err := pcap.NewWriter(out, pcap.LinkEthernet)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	at := int64(1_700_000_000e9)
	for first := uint32(0); first < smallPairs; first += smallOpen {
		for step := range mailSteps() {
			for n := first; n < first+smallOpen; n++ {
				frames := [][]byte{mail(n, step)}
				if step < lookupSteps {
					frames = append(frames, lookup(n, step))
				}
				for _, frame := range frames {
					at += 1000 // nanoseconds
					if err := w.Write(&pcap.Packet{Time: at, Link: pcap.LinkEthernet, Data: frame, Orig: len(frame)}); err != nil {
						return errors.Join(err, f.Close())
					}
				}
			}
		}
	}
	return errors.Join(out.Flush(), f.Close())
}

// saying is one packet of a TCP connection.
type saying struct {
	client bool
	flags  byte
	text   string
}

// mailConversation is SMTP (RFC 5321) in as few words as it can be.
func mailConversation() []saying {
	const fin, syn, ack, psh = 1, 2, 16, 8
	return []saying{
		{true, syn, ""}, {false, syn | ack, ""}, {true, ack, ""},
		{false, psh | ack, "220 a\r\n"}, {true, psh | ack, "EHLO b\r\n"}, {false, psh | ack, "250 a\r\n"},
		{true, psh | ack, "NOOP\r\n"}, {false, psh | ack, "250 k\r\n"}, {true, ack, ""},
		{true, psh | ack, "QUIT\r\n"}, {false, psh | ack, "221 a\r\n"},
		{true, fin | ack, ""}, {false, fin | ack, ""}, {true, ack, ""},
	}
}

func mailSteps() int { return len(mailConversation()) }

// mail is one packet of connection n.
func mail(n uint32, step int) []byte {
	all := mailConversation()
	seq := [2]uint32{n * 7919, n * 104729} // of the server, of the client
	side := func(client bool) int {
		if client {
			return 1
		}
		return 0
	}
	for _, s := range all[:step] {
		seq[side(s.client)] += uint32(len(s.text)) + uint32(s.flags&1) + uint32(s.flags>>1&1) // SYN and FIN count
	}
	s := all[step]
	tcp := make([]byte, 20, 20+len(s.text))
	ports := [2]uint16{25, uint16(20_000 + n>>16)}
	binary.BigEndian.PutUint16(tcp, ports[side(s.client)])
	binary.BigEndian.PutUint16(tcp[2:], ports[side(!s.client)])
	binary.BigEndian.PutUint32(tcp[4:], seq[side(s.client)])
	if step > 0 {
		binary.BigEndian.PutUint32(tcp[8:], seq[side(!s.client)])
	}
	tcp[12], tcp[13] = 5<<4, s.flags
	tcp[14] = 0xff // window
	return datagram(n, 1, s.client, 6, 16, append(tcp, s.text...))
}

// lookupSteps is four questions, and four answers that there is no such name.
const lookupSteps = 8

// lookup is one packet between client n and a name server (RFC 1035 §4.1).
func lookup(n uint32, step int) []byte {
	question := step%2 == 0
	udp := make([]byte, 8, 28)
	ports := [2]uint16{53, uint16(30_000 + n%20_000)}
	if question {
		ports[0], ports[1] = ports[1], ports[0]
	}
	binary.BigEndian.PutUint16(udp, ports[0])
	binary.BigEndian.PutUint16(udp[2:], ports[1])
	flags := uint16(0x0100) // recursion desired
	if !question {
		flags = 0x8183 // an answer: no such name
	}
	udp = binary.BigEndian.AppendUint16(udp, uint16(n)+uint16(step/2))
	udp = binary.BigEndian.AppendUint16(udp, flags)
	udp = append(udp, 0, 1, 0, 0, 0, 0, 0, 0)
	udp = append(udp, 2, 'a'+byte(n%26), 'a'+byte(step/2), 0, 0, 1, 0, 1) // its address
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	return datagram(n, 2, question, 17, 6, udp)
}

// datagram is an Ethernet frame of 60 bytes or more with an IPv4 packet between client n and a server, all its
// checksums right.
func datagram(n uint32, server byte, out bool, protocol byte, checksum int, payload []byte) []byte {
	f := make([]byte, 34, 64)
	f[5], f[11], f[12] = 2, 1, 8 // IPv4
	ip := f[14:34]
	ip[0], ip[8], ip[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(payload)))
	from, to := []byte{10, 1, byte(n >> 8), byte(n)}, []byte{10, 2, 0, server}
	if !out {
		from, to = to, from
		f[5], f[11] = f[11], f[5]
	}
	copy(ip[12:], from)
	copy(ip[16:], to)
	binary.BigEndian.PutUint16(ip[10:], ^total(0, ip))
	pseudo := total(uint32(protocol)+uint32(len(payload)), ip[12:])
	binary.BigEndian.PutUint16(payload[checksum:], ^total(uint32(pseudo), payload))
	f = append(f, payload...)
	return append(f, make([]byte, max(0, 60-len(f)))...)
}

// total is the sum of RFC 1071.
func total(sum uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
