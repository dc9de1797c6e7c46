package reporter

import (
	"context"
	"testing"
	"testing/fstest"
	"time"
)

func TestWhatAMachineSaysOfItself(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), ModTime: now} }
	mount := file("25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n")
	says := func(answers map[string]string, status int) func(context.Context, string, ...string) (string, int, bool) {
		return func(_ context.Context, name string, _ ...string) (string, int, bool) {
			out, ok := answers[name]
			return out, status, ok
		}
	}
	for _, x := range []struct {
		name  string
		m     Machine
		check string
		want  string
	}{
		{"LVM on an encrypted disk", Machine{Root: fstest.MapFS{"proc/self/mountinfo": mount, "sys/dev/block/254:1/dm/uuid": file("LVM-x"),
			"sys/dev/block/254:1/slaves/dm-0/dev": file("254:0\n"), "sys/dev/block/254:0/dm/uuid": file("CRYPT-LUKS2-x")}}, "disk-encryption", good},
		{"LVM on a plain disk", Machine{Root: fstest.MapFS{"proc/self/mountinfo": mount, "sys/dev/block/254:1/slaves/sda2/dev": file("8:2\n"), "sys/dev/block/8:2/size": file("1")}}, "disk-encryption", bad},
		{"a container", Machine{Root: fstest.MapFS{"proc/self/mountinfo": file("1 1 0:30 / / rw - overlay overlay rw")}}, "disk-encryption", unknown},
		{"nothing to look at", Machine{Root: fstest.MapFS{}}, "disk-encryption", unknown},
		{"a closed input", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"nft": "table inet f { chain i { type filter hook input priority 0; policy drop; } }"}, 0)}, "firewall", good},
		{"an open input", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"nft": "table inet f { chain i { type filter hook input priority 0; policy accept; } chain o { type filter hook output priority 0; policy drop; } }"}, 0)}, "firewall", bad},
		{"no filter", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"nft": ""}, 0)}, "firewall", bad},
		{"a filter that is not ours to ask", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"nft": ""}, 1)}, "firewall", unknown},
		{"all updates", Machine{Root: fstest.MapFS{"var/lib/apt/lists/x": file("")}, Ask: says(map[string]string{"apt-get": "0 upgraded"}, 0)}, "updates", good},
		{"one missing", Machine{Root: fstest.MapFS{"var/lib/apt/lists/x": file("")}, Ask: says(map[string]string{"apt-get": "x\nInst libc6 [1] (2)"}, 0)}, "updates", bad},
		{"lists of last month", Machine{Root: fstest.MapFS{"var/lib/apt/lists/x": &fstest.MapFile{ModTime: now.Add(-30 * 24 * time.Hour)}}, Ask: says(nil, 0)}, "updates", bad},
		{"dnf with some", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"dnf": ""}, 100)}, "updates", bad},
		{"no way to ask", Machine{Root: fstest.MapFS{}}, "updates", unknown},
		{"a desktop that locks", Machine{Root: fstest.MapFS{}, Ask: says(map[string]string{"gsettings": "true\n"}, 0)}, "screen-lock", good},
		{"no desktop", Machine{Root: fstest.MapFS{}}, "screen-lock", unknown},
	} {
		x.m.Now = now
		if x.m.Ask == nil {
			x.m.Ask = says(nil, 0)
		}
		if got := x.m.Look(t.Context()).Checks[x.check]; got != x.want {
			t.Errorf("%s: %s is %s, want %s", x.name, x.check, got, x.want)
		}
	}
	if s := (Machine{Root: fstest.MapFS{"etc/os-release": file("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n")}}).system(); s != "Debian GNU/Linux 12" {
		t.Errorf("system = %q", s)
	}
}

func TestThisMachineCanBeLookedAt(t *testing.T) {
	r := This().Look(t.Context())
	if len(r.Checks) != 4 || r.System == "" {
		t.Errorf("%+v", r)
	}
}
