package bus

import "testing"

func TestResume(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	publish(t, b, 1, 5)
	now, err := b.Resume(t.Context(), Mark{})
	if err != nil {
		t.Fatal(err)
	}
	if now.Born == 0 || now.Seq != 0 || now.Next() != FromFirst {
		t.Errorf("of a bus that was never read: %+v, next %d; want no batch read, and its birth", now, now.Next())
	}
	_, last, _, err := b.Extent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		in   Mark
		want Mark
		next uint64
	}{
		{"the bus that was read", Mark{2, now.Born}, Mark{2, now.Born}, 3},
		{"all of it", Mark{last, now.Born}, Mark{last, now.Born}, last + 1},
		{"another bus", Mark{2, now.Born - 1}, Mark{0, now.Born}, FromFirst},
		{"one that has not so many batches", Mark{last + 1, now.Born}, Mark{0, now.Born}, FromFirst},
		{"one whose birth was not kept", Mark{2, 0}, Mark{2, now.Born}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := b.Resume(t.Context(), tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want || got.Next() != tt.next {
				t.Errorf("Resume(%+v) = %+v, next %d; want %+v, next %d", tt.in, got, got.Next(), tt.want, tt.next)
			}
		})
	}
}
