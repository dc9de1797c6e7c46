package wire

import "testing"

func TestWhatIsGivenBackIsUsedAgain(t *testing.T) {
	var s Stock[int]
	a := s.Take()
	s.Give(a)
	if b := s.Take(); a != b {
		t.Error("got another one, want the same")
	}
	if c := s.Take(); a == c {
		t.Error("got the same twice, want another one")
	}
	for range 2 * kept {
		s.Give(new(int))
	}
	if got := len(s.free); got != kept {
		t.Errorf("%d are kept, want %d", got, kept)
	}
}

func TestAStockMakesSeveralAtATime(t *testing.T) {
	for _, c := range []struct {
		does string
		n    int
		want float64
	}{
		{"the first few are made together", 8, 1},
		{"then twice as many", 8 + 16, 2},
		{"and so on", 8 + 16 + 32 + 64, 4},
	} {
		got := testing.AllocsPerRun(10, func() {
			var s Stock[[100]byte]
			for range c.n {
				s.Take()
			}
		})
		if got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.does, got, c.want)
		}
	}
}
