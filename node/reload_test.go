package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestNoPacketIsLostWhileRulesAreReloaded(t *testing.T) {
	mirror(t)
	path := filepath.Join(t.TempDir(), "ward.rules")
	rules := func(round int) {
		text := `alert udp any any -> any 9999 (msg:"Counted"; content:"bulwark counts this"; sid:9100001;)` + "\n"
		for k := range round {
			text += fmt.Sprintf("alert udp any any -> any any (msg:\"Other\"; content:\"other %d\"; sid:%d;)\n", k, 9100002+k)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rules(0)
	c := settings()
	c.Sensor.Interfaces = []string{"mirror0"}
	c.Sensor.Buffer = 64 << 20 // blocks of 10 ms: a machine that is busy with other tests may leave the sensor out for longer than 4 of them
	c.Rules.Paths = []string{path}
	n := start(t, made{config: c, dir: t.TempDir()})
	conn, err := net.Dial("udp", "198.51.100.2:9999")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send := func(text string) {
		if _, err := conn.Write([]byte(text)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	first := 0
	await(t, "the rule fires", func() bool {
		send("bulwark counts this")
		first++
		return n.found("kind:alert alert.sid:9100001") > 0
	})
	const rounds, packets = 20, 200
	for round := range rounds {
		rules(round + 1)
		done := make(chan error, 1)
		go func() {
			_, err := n.rulebook.Reload()
			done <- err
		}()
		for range packets {
			send("bulwark counts this")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	// Those that were sent before the sensor watched are not counted; how many of them there were shows when all is still.
	got := 0
	await(t, "all packets that were sent while rules were reloaded have fired", func() bool {
		got = n.found("kind:alert alert.sid:9100001")
		return got >= rounds*packets+1
	})
	if got > rounds*packets+first {
		t.Errorf("got %d alerts, want at most the %d packets that were sent", got, rounds*packets+first)
	}
	for _, i := range n.sensor.State().Interfaces {
		if i.Drops+i.Lost > 0 {
			t.Errorf("%s: got %d packets dropped and %d events lost, want none", i.Name, i.Drops, i.Lost)
		}
	}
	if _, p := n.rulebook.Rules(); p.Loaded < rounds+1 {
		t.Errorf("got %d rules in force, want the last set", p.Loaded)
	}
}
