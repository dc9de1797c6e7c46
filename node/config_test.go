package node

import (
	"bytes"
	"os"
	"reflect"
	"testing"

	"bulwark/platform/conf"
)

func TestTheConfigurationPageIsUpToDate(t *testing.T) {
	const page = "../docs/config.md"
	const head = `# Configuration

One YAML file: bulwark.yaml in the data directory, or the one that ` + "`--config`" + ` names. Everything has a default that works,
so the file may be missing. An unknown key and an impossible value stop the start, with line and path; ` + "`bulwark config check`" + `
says the same without starting. ` + "`bulwark config describe`" + ` prints this page as a file to begin with.

An environment variable wins over the file. Durations are written 30s, 1h30m, 90d or 2w; sizes 64KiB, 256MiB or 10GB.
Secrets may stand in a file of their own: ` + "`file:/path`" + `.

Made from the structs that are read: ` + "`go test ./node -run ConfigurationPage -update`" + `.

`
	b := bytes.NewBufferString(head)
	c := defaults()
	if err := conf.Document(b, &c); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("docs/config.md is older than the configuration (%v): run go test ./node -run ConfigurationPage -update", err)
	}
}

func TestWhatIsDescribedIsLoadedBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*Config)
	}{
		{"the defaults", func(*Config) {}},
		{"lists, sizes and durations that somebody set", func(c *Config) {
			c.Site, c.Node = "north", "probe-1"
			c.Sensor.Interfaces, c.Sensor.Filter = []string{"eth1", "bond0.12"}, "not host 10.0.0.9 and not port 873"
			c.Identity.Hospital = "H\u00f4pital \"Sainte: Marie\" # 3"
			c.Sensor.Buffer, c.Store.Size = 96<<20, 1234567890
			c.Store.Flows, c.Bus.Keep = 36*day, day+90*60e9
			c.Console.Names = []string{"bulwark.example", "2001:db8::1"}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults()
			tt.spoil(&want)
			var b bytes.Buffer
			if err := conf.Describe(&b, &want); err != nil {
				t.Fatal(err)
			}
			var got Config
			if err := conf.Load(&b, "described", &got); err != nil {
				t.Fatalf("%v in\n%s", err, b.Bytes())
			}
			if !same(reflect.ValueOf(got), reflect.ValueOf(want)) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// same compares values; an empty list is no list.
func same(a, b reflect.Value) bool {
	switch {
	case a.Kind() == reflect.Slice && a.Len() == 0:
		return b.Len() == 0
	case a.Kind() != reflect.Struct:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
	for i := range a.NumField() {
		if a.Type().Field(i).IsExported() && !same(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}
