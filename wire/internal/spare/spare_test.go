package spare

import "testing"

func TestWhatIsGivenBackIsUsedAgain(t *testing.T) {
	var l List[int]
	a := l.Take()
	l.Give(a)
	if b := l.Take(); a != b || l.n != 0 {
		t.Errorf("got another one, and %d are left, want the same and none", l.n)
	}
	for range 2 * most {
		l.Give(new(int))
	}
	if l.n != most {
		t.Errorf("got %d kept, want %d", l.n, most)
	}
}
