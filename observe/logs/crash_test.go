package logs

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/elastic/go-lumber/client/v2"

	"bulwark/event"
	"bulwark/internal/crash"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// crashDir makes this test program take logs in, into the directory of that name, until it is killed.
const crashDir = "BULWARK_TEST_LOGS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := takeForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// doors is where a program that is to be killed listens, and by what its senders are known.
type doors struct {
	HTTP, Lumberjack, WEF, Token string
}

// takeForEver takes logs in where it did before, and says on its first line where that is.
func takeForEver(dir string) error {
	ctx := context.Background()
	at := func(name string) string { return filepath.Join(dir, name) }
	b, d, err := crash.Ground(ctx, dir)
	if err != nil {
		return err
	}
	p, err := b.Publisher(bus.PublisherOptions{SpillFile: at("spill")})
	if err != nil {
		return err
	}
	own, err := tls.LoadX509KeyPair(at("server.pem"), at("server.key"))
	if err != nil {
		return err
	}
	book, err := ledger.Open(ctx, ledger.Needs{DB: d, Clock: clock.System{}, Origin: "test", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	if err != nil {
		return err
	}
	where := doors{HTTP: "127.0.0.1:0", Lumberjack: "127.0.0.1:0", WEF: "127.0.0.1:0"}
	if text, err := os.ReadFile(at("doors")); err == nil {
		if err := json.Unmarshal(text, &where); err != nil {
			return err
		}
	}
	l, err := New(ctx, Needs{Name: "node", Site: "site", Publisher: p, DB: d, Ledger: book, Health: health.NewTracker(clock.System{}), Clock: clock.System{},
		Log: slog.New(slog.DiscardHandler), Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &own, nil },
		Config: Config{HTTP: where.HTTP, Lumberjack: Listener{Listen: where.Lumberjack, ClientCA: at("ca.pem")}, WEF: WEF{Listen: where.WEF, ClientCA: at("ca.pem")}}})
	if err != nil {
		return err
	}
	if where.Token == "" {
		if where.Token, err = l.tokens.make(ctx, "test", "ehr"); err != nil {
			return err
		}
	}
	for _, e := range l.Intakes() {
		*map[string]*string{"http": &where.HTTP, "lumberjack": &where.Lumberjack, "wef": &where.WEF}[e.Name] = e.Listens[0].Address
	}
	text, err := json.Marshal(where)
	if err != nil {
		return err
	}
	if err := os.WriteFile(at("doors"), text, 0o600); err != nil {
		return err
	}
	fmt.Println(string(text))
	return l.Run(ctx)
}

// victim is the program that is killed, and its senders' certificates.
type victim struct {
	*testing.T
	dir   string
	where doors
	way   *tls.Config
	acked chan struct{} // told of each batch that is acknowledged
}

// start starts the program; kill ends it at once.
func (v *victim) start() (kill func()) {
	v.Helper()
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), crashDir+"="+v.dir)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		v.Fatal(err)
	}
	if err := c.Start(); err != nil {
		v.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadBytes('\n')
	var where doors
	if err := json.Unmarshal(line, &where); err != nil {
		_ = c.Wait()
		v.Fatalf("it does not run: %s", said.String())
	}
	if v.where.Token == "" { // it is the same ever after
		v.where = where
	}
	return func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
}

// sender sends batch after batch by one protocol, each again until it is acknowledged.
type sender struct {
	name string
	send func(ctx context.Context, batch int, texts []string) error
}

const (
	perBatch = 40
	kills    = 6
)

// run sends until ctx ends, and finishes the batch that it is at. It returns how many were acknowledged.
func (s sender) run(ctx context.Context, v *victim) (batches int) {
	for ; ctx.Err() == nil; batches++ {
		texts := make([]string, perBatch)
		for n := range texts {
			texts[n] = fmt.Sprintf("%s %d", s.name, batches*perBatch+n+1)
		}
		for s.send(v.Context(), batches, texts) != nil {
			if v.Context().Err() != nil {
				return batches
			}
			clock.Pause(v.Context(), 5*time.Millisecond)
		}
		select {
		case v.acked <- struct{}{}:
		default:
		}
	}
	return batches
}

// senders are those of each protocol that acknowledges.
func (v *victim) senders() []sender {
	web := http.Client{Transport: &http.Transport{TLSClientConfig: v.way, MaxIdleConnsPerHost: 4}, Timeout: 20 * time.Second}
	post := func(ctx context.Context, path, form, body string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+strings.Replace(v.where.HTTP, "127.0.0.1", "localhost", 1)+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+v.where.Token)
		r.Header.Set("Content-Type", form)
		got, err := web.Do(r)
		if err != nil {
			return err
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		if got.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"errors":true`)) {
			return fmt.Errorf("%s: %.200s", got.Status, text)
		}
		return err
	}
	const at = "2026-11-23T03:00:00Z"
	var open *client.SyncClient
	forwarder := &weftest.Forwarder{Machine: weftest.NewMachine("ward3.chu.example", "https://"+strings.Replace(v.where.WEF, "127.0.0.1", "localhost", 1), v.way),
		Channel: "Security", Batch: perBatch}
	return []sender{
		{"bulk", func(ctx context.Context, _ int, texts []string) error {
			var b strings.Builder
			for _, text := range texts {
				fmt.Fprintf(&b, "{\"create\":{\"_index\":\"logs\"}}\n{\"@timestamp\":%q,\"message\":%q}\n", at, text)
			}
			return post(ctx, "/_bulk", "application/x-ndjson", b.String())
		}},
		{"otlp", func(ctx context.Context, _ int, texts []string) error {
			var all []string
			for _, text := range texts {
				all = append(all, fmt.Sprintf(`{"timeUnixNano":"1795402800000000000","body":{"stringValue":%q}}`, text))
			}
			return post(ctx, "/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[`+strings.Join(all, ",")+`]}]}]}`)
		}},
		{"lumberjack", func(_ context.Context, _ int, texts []string) (err error) {
			if open == nil {
				dial := tls.Dialer{Config: v.way}
				if open, err = client.SyncDialWith(dial.Dial, v.where.Lumberjack, client.Timeout(20*time.Second)); err != nil {
					open = nil
					return err
				}
			}
			var all []any
			for _, text := range texts {
				all = append(all, map[string]any{"@timestamp": at, "message": text})
			}
			if n, err := open.Send(all); err != nil || n != len(all) {
				_ = open.Close()
				open = nil
				return errors.Join(err, fmt.Errorf("%d of %d", n, len(all)))
			}
			return nil
		}},
		{"wef", func(ctx context.Context, batch int, texts []string) error {
			if err := forwarder.Refresh(ctx, "Bulwark security"); err != nil { // what is written from then on is forwarded
				return err
			}
			for n := range texts {
				if number := batch*perBatch + n + 1; number > len(forwarder.Events) {
					forwarder.Events = append(forwarder.Events, weftest.Logon("ward3.chu.example", number))
				}
			}
			return forwarder.Forward(ctx)
		}},
	}
}

// told counts how often each event stands on the bus.
func (v *victim) told() map[string]int {
	v.Helper()
	b, d, err := crash.Ground(v.Context(), v.dir)
	if err != nil {
		v.Fatal(err)
	}
	defer closed(b, d)
	first, last, _, err := b.Extent(v.Context())
	if err != nil {
		v.Fatal(err)
	}
	all := map[string]int{}
	err = b.Read(v.Context(), first, last, func(_ context.Context, m *bus.Message) error {
		var r event.Reader
		if err := r.Open(m.Batch); err != nil {
			return err
		}
		var e event.Event
		for r.Next(&e) {
			l, ok := e.Payload.(*event.Log)
			switch {
			case !ok:
			case l.Intake == "wef":
				all["wef "+l.Field("EventRecordID")]++
			default:
				all[strings.Clone(l.Message)]++
			}
		}
		return r.Err()
	})
	if err != nil {
		v.Fatal(err)
	}
	return all
}

func closed(b *bus.Bus, d *db.DB) {
	b.Close()
	_ = d.Close()
}

// TestWhatWasAcknowledgedIsThereAfterAKillAndToldOnce kills the program while four protocols deliver.
func TestWhatWasAcknowledgedIsThereAfterAKillAndToldOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts programs and kills them")
	}
	ca := weftest.NewAuthority(t, "CHU CA")
	v := &victim{T: t, dir: t.TempDir(), acked: make(chan struct{}, 64),
		way: ca.Client(ca.Issue(t, "ward3.chu.example", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour)))}
	v.way.ServerName = "localhost"
	ca.File(t, filepath.Join(v.dir, "ca.pem"))
	(&site{t: t, dir: v.dir}).write("server", ca.Issue(t, "localhost", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour)))
	kill := v.start()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]int{}
	for _, s := range v.senders() {
		all.Go(func() {
			n := s.run(ctx, v)
			mu.Lock()
			defer mu.Unlock()
			acknowledged[s.name] = n * perBatch
		})
	}
	for range kills {
		for range 20 + rand.IntN(200) {
			<-v.acked
		}
		kill()
		kill = v.start()
	}
	for range 20 {
		<-v.acked
	}
	stop()
	all.Wait()
	kill()
	got := v.told()
	for _, name := range [...]string{"bulk", "otlp", "lumberjack", "wef"} {
		lost, again := 0, 0
		for n := range acknowledged[name] {
			switch c := got[fmt.Sprintf("%s %d", name, n+1)]; {
			case c == 0:
				lost++
			case c > 1:
				again += c - 1
			}
		}
		if lost > 0 || again > 0 || acknowledged[name] == 0 {
			t.Errorf("%s: of %d events that were acknowledged %d are lost, and %d are told again", name, acknowledged[name], lost, again)
		}
	}
	t.Logf("killed %d times; acknowledged: %v; on the bus: %d", kills, acknowledged, len(got))
}
