package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"bulwark/event"
	"bulwark/observe/inventory"
	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// open takes up the inventory of the folder.
func open(ctx context.Context, s settings) (*inventory.Inventory, *db.DB, error) {
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(s.dir, "state.db"))
	if err != nil {
		return nil, nil, err
	}
	i, err := inventory.New(ctx, inventory.Needs{Config: inventory.Defaults(), DB: d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return i, d, nil
}

// hospital makes the events of made-up devices: what each tells of itself, and conversations with a few servers.
type hospital struct {
	rnd   *rand.Rand
	batch event.Batch
	n     uint64
	now   int64
	step  int64 // from one fact to the next; nanoseconds
	done  int   // facts
}

const batchEvents = 500

// made is a hospital at the beginning of a day.
func made(s settings) *hospital {
	return &hospital{rnd: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano(), step: int64(24*time.Hour) / int64(s.facts)}
}

// facts are the next ones; first each device tells one, then any does.
func (h *hospital) facts(n, devices int) []byte {
	h.n++
	h.batch.Reset("bench", "site", h.n)
	for range n {
		d := h.done
		if d >= devices {
			d = h.rnd.IntN(devices)
		}
		head, p := h.one(d)
		h.batch.Add(&head, p)
		h.now += h.step
		h.done++
	}
	return h.batch.Bytes()
}

func (h *hospital) address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// one is one fact of a device.
func (h *hospital) one(n int) (event.Header, event.Payload) {
	head := event.Header{Time: h.now, Src: h.address(n + 256), Proto: 6}
	mac := fmt.Sprintf("00:1d:9c:%02x:%02x:%02x", byte(n>>16), byte(n>>8), byte(n))
	switch h.rnd.IntN(8) {
	case 0:
		return head, &event.Asset{Source: "arp", MAC: mac}
	case 1:
		return head, &event.Asset{Source: "nbns", Hostname: "ward-" + strconv.Itoa(n)}
	case 2:
		return head, &event.Asset{Source: "dicom", Vendor: "Maker " + strconv.Itoa(n%40), Model: "Model " + strconv.Itoa(n%400), Serial: "S" + strconv.Itoa(100000+n),
			Software: "V" + strconv.Itoa(n%7)}
	case 3:
		return head, &event.HTTP{UserAgent: "Agent/" + strconv.Itoa(n%50)}
	}
	head.Dst = h.address(h.rnd.IntN(200))
	apps := [...]string{"dicom", "hl7", "http", "tls", "smb", "dns", "ldap", "krb5"}
	return head, &event.Flow{Activity: "Close", App: apps[(n+h.rnd.IntN(3))%len(apps)], BytesOut: 900, BytesIn: 9000, State: "closed", SrcMAC: mac}
}

// day tells the facts of a day, keeps them, and says what that took.
func day(s settings) error {
	ctx := context.Background()
	i, d, err := open(ctx, s)
	if err != nil {
		return err
	}
	h := made(s)
	var reading, keeping time.Duration
	for h.done < s.facts {
		batch := h.facts(batchEvents, s.devices)
		began := spent()
		if err := i.Read(batch); err != nil {
			return err
		}
		reading += spent() - began
		if h.n%200 == 0 { // some fourteen minutes
			began = spent()
			if err := i.Keep(ctx); err != nil {
				return err
			}
			keeping += spent() - began
		}
	}
	if err := i.Keep(ctx); err != nil {
		return err
	}
	fmt.Printf("a day of %d facts of %d devices: read in %.1f s of CPU, kept in %.1f s\n", s.facts, s.devices, reading.Seconds(), keeping.Seconds())
	fmt.Printf("RESULT inventory_fact_us %.1f us\n", float64((reading+keeping).Microseconds())/float64(s.facts))
	rss, err := memory()
	if err != nil {
		return err
	}
	fmt.Printf("RESULT inventory_rss_mb %d MiB\n", rss>>10)
	return d.Close()
}

var resident = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// memory is the most that this process had resident; KiB.
func memory() (int, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	m := resident.FindSubmatch(text)
	if m == nil {
		return 0, errors.New("this system does not say what is resident")
	}
	return strconv.Atoi(string(m[1]))
}

// start takes up what a day has left, and asks for lists, while the hospital goes on.
func start(s settings) error {
	began := time.Now()
	i, d, err := open(context.Background(), s)
	if err != nil {
		return err
	}
	opened := time.Since(began)
	mux := http.NewServeMux()
	for _, r := range i.Doors(nil).Routes() {
		mux.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	if err := get(server.URL + "/api/devices?limit=100"); err != nil {
		return err
	}
	fmt.Printf("taken up in %.2f s\nRESULT inventory_start_s %.2f s\n", opened.Seconds(), time.Since(began).Seconds())
	h := made(s)
	h.done, h.n = s.devices, 1<<32
	h.now += int64(24 * time.Hour)
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, x := range []struct {
		figure string
		path   func() string
	}{
		{"inventory_list_p95_ms", func() string { return fmt.Sprintf("/api/devices?limit=100&from=%d", rnd.IntN(s.devices)) }},
		{"inventory_search_p95_ms", func() string { return fmt.Sprintf("/api/devices?limit=100&q=ward-%d", rnd.IntN(s.devices)) }},
	} {
		var all []time.Duration
		for range asks {
			if err := i.Read(h.facts(factsBetween, s.devices)); err != nil {
				return err
			}
			began := time.Now()
			if err := get(server.URL + x.path()); err != nil {
				return err
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		fmt.Printf("RESULT %s %.0f ms\n", x.figure, float64(all[len(all)*95/100].Microseconds())/1000)
	}
	return d.Close()
}

const (
	asks         = 1000
	factsBetween = 23 // those of a second
)

// get asks for a page and reads the answer.
func get(url string) error {
	r, err := http.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %.200s", url, r.Status, text)
	}
	return err
}
