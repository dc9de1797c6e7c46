package action

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/content/actions"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// point is the enforcement point for a server in the test.
func point(t *testing.T, action string, h http.HandlerFunc, settings ...string) *Point {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir() // another service that gives tokens is this one, too
	text, err := os.ReadFile(filepath.Join("..", "..", "content", "actions", action+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, action+".yaml"), []byte(strings.Replace(string(text), "https://login.microsoftonline.com", server.URL, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	points, err := New(Config{Folder: folder, Devices: []Device{{Name: "edge", Action: action, URL: server.URL, Authority: authority, Secret: conf.NewSecret("token-1"), Settings: settings}}}, clock.NewManual(noon))
	if err != nil {
		t.Fatal(err)
	}
	return points[0]
}

// TestContracts runs each shipped action against a server that answers as its public documents say.
func TestContracts(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.66"), netip.MustParseAddr("2001:db8::66")
	for _, tt := range []struct {
		action   string
		settings []string
		answer   func(*maker) http.HandlerFunc
		o        Order
		done     []string
		undone   []string
		seconds  int
		planned  string
	}{
		{"fortios-ban", []string{"vdom=root"}, func(m *maker) http.HandlerFunc { return m.fortios }, Order{ID: 1, Addresses: []netip.Addr{four, six}},
			[]string{"add 192.0.2.66", "add 2001:db8::66"}, []string{"clear 192.0.2.66", "clear 2001:db8::66"}, 3600, `{"ip_addresses":["192.0.2.66"],"expiry":3600}`},
		{"panos-tag", []string{"tag=bulwark"}, func(m *maker) http.HandlerFunc { return m.panos }, Order{ID: 1, Addresses: []netip.Addr{four, six}},
			[]string{"register 192.0.2.66 bulwark", "register 2001:db8::66 bulwark"}, []string{"unregister 192.0.2.66 bulwark", "unregister 2001:db8::66 bulwark"}, 3600, "type=user-id"},
		{"harfanglab-isolate", nil, func(m *maker) http.HandlerFunc { return m.harfanglab }, Order{ID: 1, Name: "PC-Accueil-3"},
			[]string{"isolate id-1"}, []string{"deisolate id-1"}, 1, "/api/data/endpoint/Agent/id-1/isolate/"},
		{"stormshield-ban", nil, func(m *maker) http.HandlerFunc { return m.stormshield }, Order{ID: 1, Addresses: []netip.Addr{four, six}},
			[]string{"ban 192.0.2.66", "ban 2001:db8::66"}, []string{"free 192.0.2.66", "free 2001:db8::66"}, 3600, `{"duration_s":3600}`},
		{"defender-isolate", []string{"tenant=tenant-1", "client=client-1", "domain=ad.example"}, func(m *maker) http.HandlerFunc { return m.defender }, Order{ID: 1, Name: "PC-Accueil-3"},
			[]string{"isolate 0f1e"}, []string{"unisolate 0f1e"}, 1, "/api/machines/0f1e/isolate"},
	} {
		t.Run(tt.action, func(t *testing.T) {
			m := &maker{held: map[string]int{}}
			p := point(t, tt.action, func(w http.ResponseWriter, r *http.Request) {
				m.mu.Lock()
				defer m.mu.Unlock()
				tt.answer(m)(w, r)
			}, tt.settings...)
			tt.o.Until = noon.Add(time.Hour)
			plan, err := p.Try(t.Context(), tt.o)
			if err != nil || !strings.Contains(plan[0], tt.planned) || strings.Contains(strings.Join(plan, ""), "token-1") || len(m.seen) > 0 {
				t.Fatalf("the plan is %q, %v after %v; want %q in it, and nothing done", plan, err, m.seen, tt.planned)
			}
			if tt.o.Memo, err = p.Prepare(t.Context(), tt.o); err != nil {
				t.Fatal(err)
			}
			expect := func(want, undo []Order, held bool, seen []string) {
				t.Helper()
				refused, err := p.Drive(t.Context(), want, undo)
				if err != nil || len(refused) > 0 {
					t.Fatal(refused, err)
				}
				all, unknown, err := p.Read(t.Context(), []Order{tt.o})
				if err != nil || len(unknown) > 0 || all[1] != held {
					t.Errorf("held %v, unknown %v, %v; want held to be %v", all, unknown, err, held)
				}
				if !slices.Equal(m.seen, seen) {
					t.Errorf("it was told %q, want %q", m.seen, seen)
				}
			}
			for range 2 { // doing it again changes nothing
				expect([]Order{tt.o}, nil, true, tt.done)
			}
			for key, seconds := range m.held {
				if seconds != tt.seconds {
					t.Errorf("%s ends after %d seconds, want %d", key, seconds, tt.seconds)
				}
			}
			if _, err := p.Try(t.Context(), tt.o); !errors.Is(err, ErrSo) {
				t.Errorf("again: error %v, want %v", err, ErrSo)
			}
			for range 2 {
				expect(nil, []Order{tt.o}, false, slices.Concat(tt.done, tt.undone))
			}
			p.device.Secret = conf.NewSecret("wrong")
			p.refuse()
			if _, unknown, err := p.Read(t.Context(), []Order{tt.o}); !errors.Is(unknown[1], ErrAnswer) && !errors.Is(err, ErrAnswer) {
				t.Errorf("with a wrong secret: unknown %v, %v, want %v", unknown, err, ErrAnswer)
			}
		})
	}
}

// What is so is asked anew after a while, a token for as long as it is good, and what is on its way is neither so nor not so.
func TestWhatTakesAWhile(t *testing.T) {
	m := &maker{held: map[string]int{}, status: "Pending"}
	p := point(t, "defender-isolate", m.defender, "tenant=tenant-1", "client=client-1", "domain=ad.example")
	o := Order{ID: 1, Name: "PC-Accueil-3", Until: noon.Add(time.Hour), Memo: "ours"}
	step := func(what string, want, undo []Order, held, known bool) {
		t.Helper()
		if _, err := p.Drive(t.Context(), want, undo); err != nil {
			t.Fatal(err)
		}
		all, unknown, err := p.Read(t.Context(), []Order{o})
		if err != nil || all[1] != held || (unknown[1] == nil) != known {
			t.Errorf("%s: held %v, unknown %v, %v", what, all, unknown, err)
		}
	}
	step("asked for", []Order{o}, nil, false, false)
	step("on its way", []Order{o}, nil, false, false)
	if len(m.seen) != 1 {
		t.Errorf("it was told %q", m.seen)
	}
	m.actions[0]["status"] = "Succeeded"
	step("done", []Order{o}, nil, true, true)
	was := m.reads
	for range 5 {
		step("done, and not asked again", []Order{o}, nil, true, true)
	}
	if m.reads != was || m.tokens != 1 {
		t.Errorf("asked %d times more, and for %d tokens; want 0 and 1", m.reads-was, m.tokens)
	}
	p.clock.(*clock.Manual).Add(time.Minute)
	step("a minute later", []Order{o}, nil, true, true)
	if m.reads != was+1 {
		t.Errorf("asked %d times after a minute, want 1", m.reads-was)
	}
	p.clock.(*clock.Manual).Add(time.Hour)
	step("an hour later", nil, []Order{o}, false, false)
	if m.tokens != 2 || len(m.seen) != 2 {
		t.Errorf("%d tokens, and it was told %q", m.tokens, m.seen)
	}
	m.actions[0]["status"] = "Succeeded"
	step("undone", nil, []Order{o}, false, true)
	p.refuse()
	p.settings["client"] = "another"
	if _, err := p.Try(t.Context(), o); !errors.Is(err, ErrAnswer) || strings.Contains(err.Error(), "token-1") {
		t.Errorf("without a token: %v", err)
	}
}

// A computer that is called almost so, or two that are called so, are not isolated.
func TestTheWrongComputer(t *testing.T) {
	m := &maker{held: map[string]int{}}
	p := point(t, "harfanglab-isolate", m.harfanglab)
	for _, name := range []string{"pc-accueil", "twin", "nobody", "", "../x", `a"b`} {
		if plan, err := p.Try(t.Context(), Order{ID: 1, Name: name, Until: noon}); err == nil {
			t.Errorf("%q: planned %q", name, plan)
		}
	}
}

// Whatever a device answers, nothing is reported as done that it does not hold by its own word, and nobody else gets the secret.
func TestHostileAnswers(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent elsewhere") }))
	defer elsewhere.Close()
	gate := make(chan struct{})
	defer close(gate)
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	for name, h := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/api", http.StatusTemporaryRedirect)
		},
		"more than can be read": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"status":"success","x":"`)
			for range 3 << 20 / 4096 {
				_, _ = w.Write(make([]byte, 4096))
			}
		},
		"never an end":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a page to sign in": say("<html>please sign in</html>"),
		"half an answer":    say(`{"status":"success","results":[{"ip_address":"192.0.2`),
		"nothing":           say(""),
		"a failure":         say(`{"status":"error","results":[{"ip_address":"192.0.2.66"}]}`),
		"another shape":     say(`[["success"]]`),
		"depth":             say(strings.Repeat("[", 1<<19)),
	} {
		t.Run(name, func(t *testing.T) {
			p := point(t, "fortios-ban", h, "vdom=root")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			o := Order{ID: 1, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.66")}, Until: noon.Add(time.Hour), Memo: "ours"}
			if refused, err := p.Drive(ctx, []Order{o}, nil); err == nil && refused[1] == nil {
				t.Error("it was taken as done")
			}
			held, unknown, err := p.Read(ctx, []Order{o})
			if held[1] || err == nil && unknown[1] == nil {
				t.Errorf("held %v, unknown %v, %v; want it unknown", held, unknown, err)
			}
		})
	}
	t.Run("a lie", func(t *testing.T) {
		p := point(t, "fortios-ban", say(`{"status":"success","results":[]}`), "vdom=root")
		o := Order{ID: 1, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.66")}, Until: noon.Add(time.Hour), Memo: "ours"}
		if refused, err := p.Drive(t.Context(), []Order{o}, nil); err != nil || refused[1] != nil {
			t.Fatal(refused, err)
		}
		if held, unknown, err := p.Read(t.Context(), []Order{o}); held[1] || unknown[1] != nil || err != nil {
			t.Errorf("held %v, unknown %v, %v; want it not held", held, unknown, err)
		}
	})
}

// A secret is changed for a token only where it is safe with whom it is shown to.
func TestTokens(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "content", "actions", "defender-isolate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"as it is":                         {"", "", ""},
		"shown in clear":                   {"https://login", "http://login", "token: url"},
		"a host that a setting chooses":    {"https://login.microsoftonline.com/{tenant}", "https://{tenant}", "token: url"},
		"a secret in the address":          {"{tenant}/oauth2", "{secret}/oauth2", "token: "},
		"no secret":                        {"client_secret={secret}&", "", "token: type"},
		"as text":                          {"application/x-www-form-urlencoded", "text/plain", "token: type"},
		"shown to the device all the same": {"Bearer {token}", "Bearer {secret}", "header"},
		"both":                             {"Bearer {token}", "Bearer {token}{secret}", "header"},
		"newest of what is not read back":  {"  each: value\n  newest: creationDateTimeUtc", "  newest: creationDateTimeUtc", "verify"},
	} {
		_, err := actions.Read([]byte(strings.Replace(string(text), c.from, c.to, 1)), "x.yaml")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// A file of the site's own that cannot be read stops the start, with its line; what a device needs must be there.
func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "..", "content", "actions", "fortios-ban.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	device := Device{Name: "edge", Action: "fortios-ban", URL: "https://192.0.2.1", Secret: conf.NewSecret("x"), Settings: []string{"vdom=root"}}
	for name, tt := range map[string]struct{ from, to, want string }{
		"as it is":          {"", "", ""},
		"an unknown key":    {"of: address", "off: address", `fortios-ban.yaml:8: off`},
		"an unknown word":   {"expiry\":{seconds}", "expiry\":{minutes}", `fortios-ban.yaml:11: do: {minutes} is none of`},
		"a newer form":      {"form: 1", "form: 2", `fortios-ban.yaml:2: form: 2 is not 1`},
		"another act":       {"act: ban", "act: erase", `fortios-ban.yaml:7: act`},
		"a path elsewhere":  {"path: /api/v2/monitor/user/banned/select", "path: //evil/../x", `path`},
		"nothing read back": {"  held: [{at: results.ip_address, is: \"{address}\"}]\n", "", `verify`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "fortios-ban.yaml"), []byte(strings.Replace(string(text), tt.from, tt.to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := New(Config{Folder: dir, Devices: []Device{device}}, clock.System{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !regexp.MustCompile(regexp.QuoteMeta(tt.want)).MatchString(err.Error())) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	for name, edit := range map[string]func(*Device){"no such action": func(d *Device) { d.Action = "x" }, "no setting": func(d *Device) { d.Settings = nil },
		"a setting that is more than a word": func(d *Device) { d.Settings = []string{`vdom=a"b`} }} {
		d := device
		edit(&d)
		if _, err := New(Config{Devices: []Device{d}}, clock.System{}); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for name, edit := range map[string]func(*Device){"no TLS": func(d *Device) { d.URL = "http://192.0.2.1" }, "no secret": func(d *Device) { d.Secret = conf.Secret{} },
		"a path": func(d *Device) { d.URL = "https://192.0.2.1/x" }, "no name": func(d *Device) { d.Name = "" }} {
		d := device
		edit(&d)
		c := Config{Devices: []Device{d}}
		if err := c.Check(); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
