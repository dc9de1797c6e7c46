package conf

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bulwark/platform/conf/internal/fielddoc"
)

var update = flag.Bool("update", false, "rewrite the files of testdata")

type severity string

func (s *severity) UnmarshalText(text []byte) error {
	*s = severity(text)
	return OneOf(string(text), s.Choices()...)
}

func (*severity) Choices() []string { return []string{"low", "medium", "high"} }

type rule struct {
	Name     string        `conf:"name"`
	Severity severity      `conf:"severity"`
	Within   time.Duration `conf:"within"`
}

func (r *rule) Check() error {
	if r.Name == "" {
		return At("name", errors.New("a rule needs a name"))
	}
	return nil
}

type sensor struct {
	Interfaces []string          `conf:"interfaces"`
	Ring       Size              `conf:"ring_bytes"`
	Tick       time.Duration     `conf:"tick"`
	Cores      uint8             `conf:"cores"`
	Skew       int16             `conf:"skew"`
	Ratio      float64           `conf:"ratio"`
	Promisc    bool              `conf:"promiscuous"`
	Inside     []netip.Prefix    `conf:"inside"`
	Labels     map[string]string `conf:"labels"`
	Level      slog.Level        `conf:"level"`
	Untagged   int
}

func (s *sensor) Check() error {
	var errs []error
	if s.Ring < 1<<20 {
		errs = append(errs, At("ring_bytes", fmt.Errorf("%v is less than 1MiB", s.Ring)))
	}
	if s.Tick > time.Hour {
		errs = append(errs, At("tick", errors.New("longer than an hour")))
	}
	return errors.Join(errs...)
}

type dlp struct {
	Rules []rule           `conf:"rules"`
	Sites map[string]*rule `conf:"sites"`
	Key   Secret           `conf:"key"`
	Proxy *netip.AddrPort  `conf:"proxy"`
	Extra *rule            `conf:"extra"`
}

type config struct {
	Title  string `conf:"title"`
	Sensor sensor `conf:"sensor"`
	Detect struct {
		DLP dlp `conf:"dlp"`
	} `conf:"detect"`
}

func defaults() config {
	return config{Title: "a: b", Sensor: sensor{Interfaces: []string{"eth0"}, Ring: 256 << 20, Tick: 90 * time.Second,
		Cores: 1, Ratio: 0.5, Labels: map[string]string{"site": "north"}}}
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		promise string
		file    string
		environ []string
		want    func(*config)
	}{
		{"an empty file keeps the defaults", "", nil, func(*config) {}},
		{"comments alone keep the defaults", "# nothing\n", nil, func(*config) {}},
		{"a key with nothing behind it keeps its default", "sensor:\n  tick:\n  ring_bytes: ~\n", nil, func(*config) {}},
		{"values of every kind", `title: 2026
sensor:
  interfaces: [lan0, lan1]
  ring_bytes: 1.5GiB
  tick: 30s
  cores: 0x10
  skew: -5
  ratio: 1e-3
  promiscuous: true
  inside: [10.0.0.0/8]
  level: warn
`, nil, func(c *config) {
			c.Title = "2026"
			c.Sensor = sensor{Interfaces: []string{"lan0", "lan1"}, Ring: 3 << 29, Tick: 30 * time.Second, Cores: 16, Skew: -5,
				Ratio: 1e-3, Promisc: true, Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Level: slog.LevelWarn,
				Labels: map[string]string{"site": "north"}}
		}},
		{"a map is laid over its default", "sensor: {labels: {ward: cardiology}}", nil, func(c *config) {
			c.Sensor.Labels = map[string]string{"site": "north", "ward": "cardiology"}
		}},
		{"sections in lists and maps", `detect:
  dlp:
    rules:
      - name: first
        severity: high
        within: 90d
      - {name: second, severity: low}
    sites:
      north: {name: third, severity: medium}
    proxy: "[::1]:3128"
    extra: {name: fourth}
`, nil, func(c *config) {
			proxy := netip.MustParseAddrPort("[::1]:3128")
			c.Detect.DLP = dlp{Rules: []rule{{"first", "high", 90 * 24 * time.Hour}, {"second", "low", 0}},
				Sites: map[string]*rule{"north": {"third", "medium", 0}}, Proxy: &proxy, Extra: &rule{Name: "fourth"}}
		}},
		{"the environment wins over the file", "sensor: {ring_bytes: 8MiB}", []string{"HOME=/root", "BULWARK_SENSOR_RING_BYTES=16MiB"},
			func(c *config) { c.Sensor.Ring = 16 << 20 }},
		{"variables that are read elsewhere are left alone", "", []string{"BULWARK_DATA=/x", "BULWARK_DATA_DIR=/y"}, func(*config) {}},
		{"a list in the environment takes commas", "", []string{"BULWARK_SENSOR_INTERFACES=lan0, lan1"},
			func(c *config) { c.Sensor.Interfaces = []string{"lan0", "lan1"} }},
		{"a list in the environment takes YAML", "", []string{`BULWARK_DETECT_DLP_RULES=[{name: x, severity: low}]`},
			func(c *config) { c.Detect.DLP.Rules = []rule{{"x", "low", 0}} }},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, want := defaults(), defaults()
			c.want(&want)
			if err := Load(strings.NewReader(c.file), "bulwark.yaml", &got, c.environ...); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestProblemsNameTheirPlace(t *testing.T) {
	for _, c := range []struct {
		promise string
		file    string
		environ []string
		want    string
	}{
		{"an impossible choice", "detect:\n  dlp:\n    rules:\n      - name: a\n        severity: low\n      - name: b\n        severity: hgh\n", nil,
			`bulwark.yaml:7: detect.dlp.rules[1].severity: "hgh" is none of low, medium, high`},
		{"an unknown key", "sensor:\n  ring: 1MiB\n", nil,
			"bulwark.yaml:2: sensor.ring: no such key; here stand interfaces, ring_bytes, tick, cores, skew, ratio, promiscuous, inside, labels, level"},
		{"an unknown section", "sensr: {}\n", nil, "bulwark.yaml:1: sensr: no such key; here stand title, sensor, detect"},
		{"a field without a tag is no key", "sensor: {Untagged: 1}\n", nil, "bulwark.yaml:1: sensor.Untagged: no such key"},
		{"a wrong duration", "sensor:\n  tick: 30\n", nil, `bulwark.yaml:2: sensor.tick: "30" is no duration such as 30s, 1h30m or 90d`},
		{"a negative duration", "sensor:\n  tick: -3s\n", nil, `"-3s" is no duration`},
		{"a wrong size", "sensor:\n  ring_bytes: lots\n", nil, `bulwark.yaml:2: sensor.ring_bytes: "lots" is no size such as 256MiB`},
		{"too large", "sensor:\n  cores: 256\n", nil, `bulwark.yaml:2: sensor.cores: 256 is outside of 0 to 255`},
		{"below zero", "sensor:\n  cores: -1\n", nil, `bulwark.yaml:2: sensor.cores: -1 is below 0`},
		{"too small", "sensor:\n  skew: -40000\n", nil, `sensor.skew: -40000 is outside of -32768 to 32767`},
		{"no number", "sensor:\n  ratio: half\n  cores: few\n", nil, "bulwark.yaml:2: sensor.ratio: \"half\" is no number\nbulwark.yaml:3: sensor.cores: \"few\" is no whole number"},
		{"not a number is no number", "sensor:\n  ratio: .nan\n", nil, `".nan" is no number`},
		{"neither true nor false", "sensor:\n  promiscuous: yes\n", nil, `sensor.promiscuous: "yes" is neither true nor false`},
		{"a section where a value is wanted", "title:\n  a: b\n", nil, "bulwark.yaml:2: title: one value is wanted here"},
		{"a value where a section is wanted", "sensor: 1\n", nil, "bulwark.yaml:1: sensor: a section of keys is wanted here"},
		{"a value where a list is wanted", "sensor:\n  interfaces: eth0\n", nil, "bulwark.yaml:2: sensor.interfaces: a list is wanted here"},
		{"a list where the whole is wanted", "- 1\n", nil, "bulwark.yaml:1: a section of keys is wanted here"},
		{"a key given twice", "title: a\ntitle: b\n", nil, `bulwark.yaml:2: mapping key "title" already defined at [1:1]`},
		{"no YAML", "sensor:\n\ttick: 1s\n", nil, "bulwark.yaml:2: "},
		{"an anchor", "title: &x y\n", nil, "bulwark.yaml:1: title: anchors, aliases and tags are not read"},
		{"a second document", "title: a\n---\ntitle: b\n", nil, "bulwark.yaml:3: a second document"},
		{"a check names the line of its key", "sensor:\n  tick: 1s\n  ring_bytes: 1\n", nil, "bulwark.yaml:3: sensor.ring_bytes: 1B is less than 1MiB"},
		{"a check of a key that is not there names the line above it", "detect:\n  dlp:\n    rules:\n      - severity: low\n", nil,
			"bulwark.yaml:4: detect.dlp.rules[0].name: a rule needs a name"},
		{"checks reach the elements of maps", "detect:\n  dlp:\n    sites:\n      north: {severity: low}\n", nil,
			"bulwark.yaml:4: detect.dlp.sites.north.name: a rule needs a name"},
		{"several faults are told at once", "sensor:\n  tick: 2h\n  ring_bytes: 1\n", nil, "bulwark.yaml:2: sensor.tick: longer than an hour\nbulwark.yaml:3: sensor.ring_bytes: 1B"},
		{"a secret whose file is away", "detect: {dlp: {key: 'file:/does/not/exist'}}", nil,
			"bulwark.yaml:1: detect.dlp.key: reading the secret: open /does/not/exist: no such file or directory"},
		{"a wrong variable", "", []string{"BULWARK_SENSOR_TICK=soon"}, `BULWARK_SENSOR_TICK: sensor.tick: "soon" is no duration`},
		{"a variable that names no key", "", []string{"BULWARK_SENSR_TICK=1s"}, `BULWARK_SENSR_TICK: no key has this variable`},
		{"a check of what a variable set", "", []string{"BULWARK_SENSOR_TICK=2h"}, `BULWARK_SENSOR_TICK: sensor.tick: longer than an hour`},
		{"a fault inside a variable's YAML", "", []string{"BULWARK_DETECT_DLP_RULES=[{nme: x}]"}, `BULWARK_DETECT_DLP_RULES: detect.dlp.rules[0].nme: no such key`},
		{"a file too long", "#" + strings.Repeat(" ", MaxFile), nil, "bulwark.yaml: the file is longer than 1MiB"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			cfg := defaults()
			err := Load(strings.NewReader(c.file), "bulwark.yaml", &cfg, c.environ...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			var p *Problem
			if !errors.As(err, &p) {
				t.Errorf("got %T, want a *Problem inside", err)
			}
		})
	}
}

// FuzzLoad checks that no text brings the loader down, and that what it took can be described and read again.
func FuzzLoad(f *testing.F) {
	f.Add("sensor: {tick: 1s, inside: [10.0.0.0/8]}\ndetect:\n  dlp:\n    rules:\n      - name: x\n")
	f.Add("a: &x [*x]\n? [1]\n: 2\n---\n!!t b: |\n c\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg := defaults()
		if Load(strings.NewReader(text), "fuzz.yaml", &cfg) != nil || !cfg.Detect.DLP.Key.IsZero() {
			return
		}
		again := reload(t, &cfg)
		if fmt.Sprint(again) != fmt.Sprint(cfg) {
			t.Errorf("described and read back: got %+v, want %+v", again, cfg)
		}
	})
}

// reload describes a configuration and reads the description over the defaults.
func reload(t *testing.T, cfg *config) config {
	t.Helper()
	var text bytes.Buffer
	if err := describe(&text, cfg, nil); err != nil {
		t.Fatal(err)
	}
	again := defaults()
	again.Sensor.Labels = nil
	if err := Load(&text, "described.yaml", &again); err != nil {
		t.Fatalf("%v\nin\n%s", err, text.String())
	}
	return again
}

func TestDescriptionIsReadBack(t *testing.T) {
	proxy := netip.MustParseAddrPort("10.0.0.1:3128")
	want := defaults()
	want.Title = "# \"quoted\"\nnull: [é]"
	want.Sensor.Inside = []netip.Prefix{netip.MustParsePrefix("fe80::/10")}
	want.Detect.DLP = dlp{Rules: []rule{{"a: b", "high", time.Hour}}, Sites: map[string]*rule{"": {"x", "low", 0}}, Proxy: &proxy}
	if got := reload(t, &want); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// comments of the types above, as the generator would collect them.
func testDocs() map[string]string {
	const at = "bulwark/platform/conf."
	return map[string]string{
		at + "config.Title":      "Title stands in the head of every page.",
		at + "config.Sensor":     "Sensor watches the wire.",
		at + "sensor.Interfaces": "Interfaces are watched.\nEmpty means the one of the default route.",
		at + "sensor.Ring":       "Ring is the memory of one ring.",
		at + "dlp.Rules":         "Rules say what must not leave.",
		at + "rule.Name":         "Name of the rule.",
		at + "dlp.Key":           "Key signs the reports.",
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s, %v: got\n%s\nwant\n%s", path, err, got, want)
	}
}

func TestDescribeAndDocument(t *testing.T) {
	cfg := defaults()
	cfg.Detect.DLP.Key = NewSecret("hunter2")
	var file, page bytes.Buffer
	if err := errors.Join(describe(&file, &cfg, testDocs()), document(&page, &cfg, testDocs())); err != nil {
		t.Fatal(err)
	}
	golden(t, "described.yaml", file.Bytes())
	golden(t, "documented.md", page.Bytes())
}

func TestCommentsAreCurrent(t *testing.T) {
	want, err := fielddoc.Collect(os.DirFS("../.."), "bulwark")
	if err != nil {
		t.Error(err)
	}
	if string(want) != comments {
		t.Error("comments.tsv is older than the configuration structs: run `go generate ./platform/conf`")
	}
}
