package syslog

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/clock"
)

// Sizes of datagrams and of what is read at once.
const (
	socketBuffer = 8 << 20 // what the kernel keeps while the sink is slow
	maxDatagram  = 64 << 10
	mostAtOnce   = 1024
	roomAtOnce   = 1 << 20
)

// readyUDP has the kernel keep more, and count what it drops (SO_RXQ_OVFL).
func readyUDP(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var at error
	err = raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) != nil { // without the right, as much as is allowed
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer)
		}
		at = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	})
	if err == nil {
		err = at
	}
	return err
}

// socket reads datagrams.
type socket struct {
	intake *Intake
	lost   uint32 // that the kernel dropped, as it counts them
	oob    [256]byte
}

// datagrams takes datagrams until ctx ends. What comes while the sink is slow waits in the kernel, which drops what finds no room.
func (i *Intake) datagrams(ctx context.Context, to intake.Sink) error {
	raw, err := i.udp.SyscallConn()
	if err != nil {
		return err
	}
	s := socket{intake: i}
	free, full := make(chan *block, blocks), make(chan *block, blocks)
	for range blocks {
		free <- &block{buf: make([]byte, roomAtOnce+maxDatagram)}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := range full {
			for wait := time.Second; to.Take(ctx, b.records) != nil; wait = min(2*wait, time.Minute) { // nobody would send them again
				if !clock.Pause(ctx, wait) {
					i.Add("not kept", len(b.records))
					break
				}
			}
			free <- b
		}
	}()
	defer func() { close(full); <-ended }()
	for {
		select {
		case b := <-free:
			if err := raw.Read(func(fd uintptr) bool { return s.fill(int(fd), b) }); err != nil {
				return err
			}
			full <- b
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fill reads what the kernel has, and reports whether that was anything.
func (s *socket) fill(fd int, b *block) bool {
	b.records = b.records[:0]
	now, at := s.intake.opts.Clock.Now(), 0
	for len(b.records) < mostAtOnce && at < roomAtOnce {
		n, oob, flags, from, err := unix.Recvmsg(fd, b.buf[at:at+maxDatagram], s.oob[:], unix.MSG_DONTWAIT)
		if err == unix.EINTR || err == unix.ECONNREFUSED {
			continue
		}
		if err != nil {
			break
		}
		s.overflow(s.oob[:oob])
		text := bytes.TrimRight(b.buf[at:at+n], "\r\n\x00")
		if len(text) == 0 {
			continue
		}
		r := intake.Record{Intake: name, Sender: addrOf(from), Received: now, Text: text}
		if flags&unix.MSG_TRUNC != 0 {
			r.Size = n + 1
		}
		b.records = append(b.records, r)
		at += n
	}
	return len(b.records) > 0
}

// overflow counts what the kernel dropped since it was asked last.
func (s *socket) overflow(oob []byte) {
	all, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range all {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			n := binary.NativeEndian.Uint32(m.Data)
			s.intake.Add("dropped by the kernel", int(n-s.lost))
			s.lost = n
		}
	}
}

func addrOf(a unix.Sockaddr) netip.Addr {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(a.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(a.Addr).Unmap()
	}
	return netip.Addr{}
}
