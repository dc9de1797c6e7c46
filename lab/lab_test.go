package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bulwark/wire/pcap"
)

// network makes an empty lab, or skips the test where that cannot be.
func network(t *testing.T) *Network {
	t.Helper()
	for _, tool := range []string{"ip", "tc", "ethtool", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the lab needs %s: run lab/install.sh as root", tool)
		}
	}
	n, err := NewNetwork(t.Context())
	if errors.Is(err, ErrNotRoot) {
		t.Skip("the lab needs root to make network namespaces")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestTheMirrorShowsEveryFrameOnceInBothDirections(t *testing.T) {
	n := network(t)
	a := plugged(t, n, "pacs")
	b := plugged(t, n, "ehr")
	plugged(t, n, "names") // a third port, to which nothing is flooded twice
	file := filepath.Join(t.TempDir(), "mirror.pcap")
	r, err := n.record(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 200
	exchange(t, a, b, rounds)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, payload := range udpPayloads(t, file) {
		got[payload]++
	}
	for i := range rounds {
		for _, way := range []string{"ask", "tell"} {
			if key := fmt.Sprintf("%s %d", way, i); got[key] != 1 {
				t.Errorf("%q: got %d times, want once", key, got[key])
			}
		}
	}
}

func plugged(t *testing.T, n *Network, name string) *Host {
	t.Helper()
	for _, s := range stations {
		if s.name == name {
			h, err := n.AddHost(name, s.mac, prefixOf(s), addrOf("gateway"), addrOf("names"))
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
	}
	t.Fatalf("no station %s", name)
	return nil
}

// exchange sends a numbered datagram from a to b and one back, many times.
func exchange(t *testing.T, a, b *Host, rounds int) {
	t.Helper()
	var server net.PacketConn
	err := inNamespace(b.ns, func() (err error) {
		server, err = net.ListenPacket("udp4", ":9999")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := a.Dial(t.Context(), "udp4", b.Addr.String()+":9999")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	limit := time.Now().Add(time.Minute)
	if err := errors.Join(server.SetDeadline(limit), client.SetDeadline(limit)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	for i := range rounds {
		if _, err := fmt.Fprintf(client, "ask %d", i); err != nil {
			t.Fatal(err)
		}
		_, from, err := server.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.WriteTo(fmt.Appendf(nil, "tell %d", i), from); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
}

// udpPayloads are the payloads of the UDP datagrams over IPv4 in a capture.
func udpPayloads(t *testing.T, file string) []string {
	t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pcap.FromBytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	var p pcap.Packet
	for r.Next(&p) == nil {
		f := p.Data
		if len(f) < 42 || binary.BigEndian.Uint16(f[12:]) != 0x0800 || f[23] != 17 {
			continue
		}
		end := 14 + int(binary.BigEndian.Uint16(f[16:]))
		all = append(all, string(bytes.Clone(f[42:min(end, len(f))])))
	}
	return all
}

func TestAnEarlierLabIsRemoved(t *testing.T) {
	n := network(t)
	plugged(t, n, "pacs")
	left := n.Dir
	// A killed run holds no lock and closes nothing.
	if err := n.lock.Close(); err != nil {
		t.Fatal(err)
	}
	lingering := exec.CommandContext(context.Background(), "ip", "netns", "exec", Prefix+"pacs", "sh", "-c", "echo inside; exec sleep 1000")
	says, err := lingering.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lingering.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := says.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	again, err := NewNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.lock = again.lock // the test's clean-up closes it
	if err := lingering.Wait(); err == nil {
		t.Error("a program of the earlier lab lives on, want it ended")
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the earlier lab's folder: got %v, want it gone", err)
	}
	if _, err := os.Stat(filepath.Join(netnsDir, Prefix+"pacs")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the earlier lab's namespace: got %v, want it gone", err)
	}
}
