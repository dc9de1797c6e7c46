package links

import (
	"testing"
	"unsafe"

	"bulwark/observe/inventory/internal/register"
)

// The names of applications lie in batches that are read over; what is counted must not change with them.
func TestCountKeepsNames(t *testing.T) {
	table, buf := New(), []byte("http")
	app := unsafe.String(&buf[0], len(buf))
	table.Count(Key{1, 2, app}, 1, true, 10, 20)
	table.Count(Key{1, 2, app}, 2, true, 10, 20)
	copy(buf, "ldap")
	table.Count(Key{1, 2, app}, 3, false, 1, 1)
	got := table.Changed()
	if len(got) != 2 || got[Key{1, 2, "http"}].Conversations != 2 || got[Key{1, 2, "ldap"}].Out != 1 {
		t.Errorf("%+v", got)
	}
	if again := table.Changed(); len(again) != 0 {
		t.Errorf("nothing has changed since: %+v", again)
	}
}

func TestTableIsBounded(t *testing.T) {
	table := New()
	table.Most = 64
	for i := range 10_000 {
		table.Count(Key{register.TraceID(i), 0, "dns"}, int64(i), true, 1, 1)
	}
	if table.Len() > 64 || len(table.Changed()) > 64 || table.Dropped == 0 {
		t.Errorf("%d uses, %d dropped", table.Len(), table.Dropped)
	}
	if _, last := table.Everything()[Key{9_999, 0, "dns"}]; !last {
		t.Error("the newest was forgotten")
	}
}
