package links

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	got := all(table)
	if len(got) != 2 || got[Key{1, 2, "http"}].Conversations != 2 || got[Key{1, 2, "ldap"}].Out != 1 {
		t.Errorf("%+v", got)
	}
	if once, again := table.Changed(), table.Changed(); len(once) != 1 || len(again) != 0 {
		t.Errorf("%d blocks have changed, and %d since; want 1 and 0", len(once), len(again))
	}
}

func all(t *Table) map[Key]Use {
	m := map[Key]Use{}
	t.All(func(k Key, u *Use) { m[k] = *u })
	return m
}

// kept is what is taken up of all that a table ever handed out.
func kept(t *testing.T, blocks map[uint32]Block) map[Key]Use {
	t.Helper()
	again := New()
	if err := again.Restore(slices.Collect(maps.Values(blocks))); err != nil {
		t.Fatal(err)
	}
	return all(again)
}

func TestTableIsBounded(t *testing.T) {
	table := New()
	table.Most = 64
	for i := range 10_000 {
		table.Count(Key{register.TraceID(i), 0, "dns"}, int64(i), true, 1, 1)
	}
	if table.Len() > 64 || len(table.Changed()) > 64/blockLen || table.Dropped < 10_000-64 {
		t.Errorf("%d uses, %d dropped", table.Len(), table.Dropped)
	}
	if _, last := all(table)[Key{9_999, 0, "dns"}]; !last {
		t.Error("the newest was forgotten")
	}
}

// What a trace did goes to its heir, and to the heir's heir, with what is to be kept and taken away.
func TestFold(t *testing.T) {
	table := New()
	table.Count(Key{1, 9, "dns"}, 10, true, 1, 1)
	table.Count(Key{2, 9, "dns"}, 20, true, 1, 1)
	table.Count(Key{9, 1, "ssh"}, 30, true, 1, 1)
	table.Fold(1, 2)
	table.Fold(2, 3)
	left := all(table)
	if u := left[Key{3, 9, "dns"}]; len(left) != 2 || u.Conversations != 2 || u.First != 10 || u.Last != 20 || u.Hours[0] != 2 {
		t.Errorf("%+v", left)
	}
	table.Forget(func(id register.TraceID) bool { return id == 9 })
	if table.Len() != 0 {
		t.Errorf("%d are left", table.Len())
	}
}

// Whatever happens between one keeping and the next, what was kept in parts is all that there is.
func TestWhatIsKeptInPartsIsAll(t *testing.T) {
	rnd, blocks := rand.New(rand.NewPCG(1, 2)), map[uint32]Block{}
	table := New()
	table.Most = 300
	for step := range 20_000 {
		k := Key{register.TraceID(rnd.IntN(40)), register.TraceID(rnd.IntN(40)), []string{"dns", "dicom", "hl7"}[rnd.IntN(3)]}
		table.Count(k, int64(step)*int64(1e12), rnd.IntN(2) == 0, rnd.Uint64N(1e6), rnd.Uint64N(1e6))
		switch rnd.IntN(2000) {
		case 0:
			from := 1 + rnd.IntN(38)
			table.Fold(register.TraceID(from), register.TraceID(from+1+rnd.IntN(39-from)))
			all(table)
		case 1:
			n := register.TraceID(1 + rnd.IntN(39))
			table.Forget(func(id register.TraceID) bool { return id == n })
		}
		if rnd.IntN(50) != 0 {
			continue
		}
		for _, b := range table.Changed() {
			blocks[b.Number] = b
		}
		if rnd.IntN(10) != 0 {
			continue
		}
		if got, want := kept(t, blocks), all(table); !maps.Equal(got, want) {
			t.Fatalf("at step %d %d uses are taken up, want %d", step, len(got), len(want))
		}
		again := New() // go on with what was kept
		again.Most = 300
		if err := again.Restore(slices.Collect(maps.Values(blocks))); err != nil {
			t.Fatal(err)
		}
		table = again
	}
}

func FuzzRestore(f *testing.F) {
	table := New()
	for n := range 40 {
		table.Count(Key{register.TraceID(n), 2, "dicom"}, int64(n)*int64(1e12), true, 10, 20)
	}
	for _, b := range table.Everything() {
		f.Add(b.Number, b.Doc)
	}
	f.Fuzz(func(t *testing.T, number uint32, doc []byte) {
		table := New()
		if err := table.Restore([]Block{{number, doc}}); err != nil {
			return
		}
		blocks := map[uint32]Block{}
		for _, b := range table.Everything() {
			blocks[b.Number] = b
		}
		if got, want := kept(t, blocks), all(table); !maps.Equal(got, want) {
			t.Errorf("%+v is kept as %+v", want, got)
		}
	})
}

func TestWhatIsForgottenIsNotCountedOn(t *testing.T) {
	table := New()
	table.Most = 16
	first := table.Count(Key{1, 2, "dns"}, 1, true, 1, 1)
	if !table.Again(first, 2, true, 1, 1) || all(table)[Key{1, 2, "dns"}].Conversations != 2 {
		t.Fatalf("a use that is known is not counted on: %+v", all(table))
	}
	for i := range 40 {
		table.Count(Key{register.TraceID(10 + i), 0, "dns"}, int64(10+i), true, 1, 1)
	}
	if table.Again(first, 99, true, 1, 1) {
		t.Error("a use that was forgotten is counted on, in the place of another")
	}
	for k, u := range all(table) {
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
	got := all(table)
	if n := got[Key{1, 2, other}].Conversations; len(got) != mostApps+1 || n != 5000-mostApps {
		t.Errorf("%d uses, %d of them as one; want %d and %d", len(got), n, mostApps+1, 5000-mostApps)
	}
}
