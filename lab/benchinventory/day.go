package main

import (
	"context"
	"errors"
	"fmt"
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
}

const batchEvents = 500

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
	h := &hospital{rnd: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano()}
	var reading, keeping time.Duration
	step := int64(24*time.Hour) / int64(s.facts)
	for done := 0; done < s.facts; {
		h.n++
		h.batch.Reset("bench", "site", h.n)
		for range batchEvents {
			n := done
			if done >= s.devices {
				n = h.rnd.IntN(s.devices)
			}
			head, p := h.one(n % s.devices)
			h.batch.Add(&head, p)
			h.now += step
			done++
		}
		began := spent()
		if err := i.Read(h.batch.Bytes()); err != nil {
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

// start takes up what a day has left, and asks for lists.
func start(s settings) error {
	began := time.Now()
	i, d, err := open(context.Background(), s)
	if err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Printf("RESULT inventory_start_s %.2f s\n", took.Seconds())
	mux := http.NewServeMux()
	for _, r := range i.Doors(nil).Routes() {
		mux.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, x := range []struct {
		figure string
		path   func() string
	}{
		{"inventory_list_p95_ms", func() string { return fmt.Sprintf("/api/devices?limit=100&from=%d", rnd.IntN(s.devices)) }},
		{"inventory_search_p95_ms", func() string { return fmt.Sprintf("/api/devices?limit=100&q=ward-%d", rnd.IntN(s.devices)) }},
	} {
		p95, err := ask(mux, x.path)
		if err != nil {
			return err
		}
		fmt.Printf("RESULT %s %.0f ms\n", x.figure, float64(p95.Microseconds())/1000)
	}
	return d.Close()
}

// ask is the time under which 95 of 100 answers come.
func ask(h http.Handler, path func() string) (time.Duration, error) {
	var all []time.Duration
	for range 60 {
		r := httptest.NewRequest(http.MethodGet, path(), nil)
		w := httptest.NewRecorder()
		began := time.Now()
		h.ServeHTTP(w, r)
		all = append(all, time.Since(began))
		if w.Code != http.StatusOK {
			return 0, fmt.Errorf("%s: %d %.200s", r.URL, w.Code, w.Body)
		}
	}
	slices.Sort(all)
	return all[len(all)*95/100], nil
}
