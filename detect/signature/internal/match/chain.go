package match

import (
	"fmt"

	"bulwark/detect/signature/internal/rule"
)

// Chain is what is done to a buffer before it is looked at. It never changes: workers share it.
type Chain struct {
	key    string
	wholly bool // of a part of a buffer it says nothing about the whole: hashes, compression
}

// CompileChain makes the chain of transforms, nil where there are none.
func CompileChain(ts []rule.Transform) (*Chain, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrTransform, ts[0].Name)
}

// Key is the same for chains that do the same.
func (c *Chain) Key() string { return c.key }

// Apply is data after the transforms. It is valid until the next Apply.
func (c *Chain) Apply(m *Machine, data []byte) []byte { return data }
