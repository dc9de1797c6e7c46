package lab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
)

// readdress copies a zstd-compressed capture of the lab to out, a day later, with every address changed: 10.20.x.y becomes
// 10.30.x.y and fd00:20::/32 becomes fd00:30::/32, in the heads of packets, in ARP, in DHCP and in neighbour discovery.
// Names and link addresses stay: a network that was given other addresses overnight.
func readdress(in string, out *os.File) (err error) {
	defer func() { err = errors.Join(err, out.Close()) }()
	src, err := os.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	z, err := zstd.NewReader(src)
	if err != nil {
		return err
	}
	defer z.Close()
	r, err := pcap.NewReader(z)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(out)
	w, err := pcap.NewWriter(b, pcap.LinkEthernet)
	if err != nil {
		return err
	}
	var p pcap.Packet
	for err = r.Next(&p); err == nil; err = r.Next(&p) {
		p.Time += int64(24 * time.Hour)
		readdressFrame(p.Data)
		if err := w.Write(&p); err != nil {
			return err
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return b.Flush()
}

// readdressFrame changes an Ethernet frame of the lab, in place.
func readdressFrame(f []byte) {
	if len(f) < 14 {
		return
	}
	p := f[14:]
	switch binary.BigEndian.Uint16(f[12:]) {
	case 0x0806:
		swap(p, 0x0a14, 0x0a1e)
	case 0x0800:
		readdress4(p)
	case 0x86dd:
		if len(p) < 40 {
			return
		}
		n := swap(p[8:40], 0x0020, 0x0030)
		if p[6] == 58 && len(p) >= 44 { // ICMPv6
			n += swap(p[44:], 0x0020, 0x0030)
		}
		repair(p[6], p[40:], n*0x10)
	}
}

func readdress4(p []byte) {
	head := int(p[0]&15) * 4
	if len(p) < 20 || head < 20 || len(p) < head {
		return
	}
	n := swap(p[12:20], 0x0a14, 0x0a1e)
	adjust(p[10:], n*10)
	if binary.BigEndian.Uint16(p[6:])&0x1fff != 0 {
		return // a later fragment
	}
	body := p[head:]
	repair(p[9], body, n*10)
	if p[9] == 17 && len(body) > 8 && isDHCP(body) {
		swap(body[8:], 0x0a14, 0x0a1e)
		swap(body[9:], 0x0a14, 0x0a1e) // options stand anywhere
		binary.BigEndian.PutUint16(body[6:], 0)
	}
}

func isDHCP(udp []byte) bool {
	port := binary.BigEndian.Uint16(udp)
	return port == 67 || port == 68
}

// swap changes the 16-bit words that are old, and tells how many there were.
func swap(p []byte, old, now uint16) (n int) {
	for ; len(p) >= 2; p = p[2:] {
		if binary.BigEndian.Uint16(p) == old {
			binary.BigEndian.PutUint16(p, now)
			n++
		}
	}
	return n
}

// repair adjusts a transport's checksum when the words that it covers have grown by more in all.
func repair(proto byte, p []byte, more int) {
	at := map[byte]int{6: 16, 17: 6, 58: 2}[proto]
	if at == 0 || len(p) < at+2 || proto == 17 && binary.BigEndian.Uint16(p[at:]) == 0 {
		return
	}
	adjust(p[at:], more)
}

// adjust is RFC 1624 eqn 3.
func adjust(sum []byte, more int) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(more)
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}
