// Package spare keeps what a conversation uses no longer for its next use, so that it allocates nothing once warm.
package spare

// most is how many are kept: few conversations have more under way at a time, and many are open.
const most = 4

// List holds what may be used again. Its zero value is empty.
type List[T any] []*T

// Take is one as it was given back, or a new one.
func (l *List[T]) Take() *T {
	n := len(*l)
	if n == 0 {
		return new(T)
	}
	t := (*l)[n-1]
	*l = (*l)[:n-1]
	return t
}

// Give takes back what is used no longer. What is too much is left to the garbage collector.
func (l *List[T]) Give(t *T) {
	if len(*l) < most {
		*l = append(*l, t)
	}
}
