package links

import (
	"fmt"
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
	got, _ := table.Changed()
	if len(got) != 2 || got[Key{1, 2, "http"}].Conversations != 2 || got[Key{1, 2, "ldap"}].Out != 1 {
		t.Errorf("%+v", got)
	}
	if again, gone := table.Changed(); len(again)+len(gone) != 0 {
		t.Errorf("nothing has changed since: %+v", again)
	}
}

func TestTableIsBounded(t *testing.T) {
	table := New()
	table.Most = 64
	for i := range 10_000 {
		table.Count(Key{register.TraceID(i), 0, "dns"}, int64(i), true, 1, 1)
	}
	kept, gone := table.Changed()
	if table.Len() > 64 || len(kept) > 64 || len(kept)+len(gone) != 10_000 || table.Dropped == 0 {
		t.Errorf("%d uses, %d dropped", table.Len(), table.Dropped)
	}
	if _, last := table.Everything()[Key{9_999, 0, "dns"}]; !last {
		t.Error("the newest was forgotten")
	}
}

// What a trace did goes to its heir, and to the heir's heir, with what is to be kept and taken away.
func TestFold(t *testing.T) {
	table := New()
	table.Count(Key{1, 9, "dns"}, 10, true, 1, 1)
	table.Count(Key{2, 9, "dns"}, 20, true, 1, 1)
	table.Count(Key{9, 1, "ssh"}, 30, true, 1, 1)
	table.Changed()
	table.Fold(1, 2)
	table.Fold(2, 3)
	kept, gone := table.Changed()
	if u := kept[Key{3, 9, "dns"}]; len(kept) != 2 || len(gone) != 3 || u.Conversations != 2 || u.First != 10 || u.Last != 20 || u.Hours[0] != 2 {
		t.Errorf("kept %+v, gone %v", kept, gone)
	}
	table.Forget(func(id register.TraceID) bool { return id == 9 })
	if _, gone = table.Changed(); table.Len() != 0 || len(gone) != 2 {
		t.Errorf("%d are left, gone %v", table.Len(), gone)
	}
}

func TestWhatIsForgottenIsNotCountedOn(t *testing.T) {
	table := New()
	table.Most = 16
	first := table.Count(Key{1, 2, "dns"}, 1, true, 1, 1)
	if !table.Again(first, 2, true, 1, 1) || table.Everything()[Key{1, 2, "dns"}].Conversations != 2 {
		t.Fatalf("a use that is known is not counted on: %+v", table.Everything())
	}
	for i := range 40 {
		table.Count(Key{register.TraceID(10 + i), 0, "dns"}, int64(10+i), true, 1, 1)
	}
	if table.Again(first, 99, true, 1, 1) {
		t.Error("a use that was forgotten is counted on, in the place of another")
	}
	for k, u := range table.Everything() {
		if u.Conversations != 1 {
			t.Errorf("%+v has %d conversations, want 1", k, u.Conversations)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	table := New()
	for i := range 5000 {
		table.Count(Key{1, 2, fmt.Sprint("app", i)}, 1, true, 1, 1)
	}
	all := table.Everything()
	if n := all[Key{1, 2, other}].Conversations; len(all) != mostApps+1 || n != 5000-mostApps {
		t.Errorf("%d uses, %d of them as one; want %d and %d", len(all), n, mostApps+1, 5000-mostApps)
	}
}
