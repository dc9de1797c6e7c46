package spare

import "testing"

func TestWhatIsGivenBackIsUsedAgain(t *testing.T) {
	var l List[int]
	a := l.Take()
	l.Give(a)
	if b := l.Take(); a != b || len(l) != 0 {
		t.Errorf("got another one, and %d are left, want the same and none", len(l))
	}
	for range 2 * most {
		l.Give(new(int))
	}
	if len(l) != most {
		t.Errorf("got %d kept, want %d", len(l), most)
	}
}
