package match

import (
	"fmt"
	"strings"

	"bulwark/detect/signature/internal/rule"
)

// Chain is what is done to a buffer before it is looked at. It never changes: workers share it.
type Chain struct {
	key    string
	wholly bool // of a part of a buffer it says nothing about the whole: hashes
	links  []transform
}

// transform appends to out what becomes of in, which it does not change; out is empty and has nothing in common with in.
// Where Suricata leaves the buffer as it is, so does a transform.
type transform func(m *Machine, out, in []byte) []byte

// CompileChain makes the chain of transforms, nil where there are none.
func CompileChain(ts []rule.Transform) (*Chain, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	c := &Chain{}
	var key strings.Builder
	for _, t := range ts {
		link, err := newTransform(t.Name, t.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		c.links = append(c.links, link)
		c.wholly = c.wholly || strings.HasPrefix(t.Name, "to_md5") || strings.HasPrefix(t.Name, "to_sha")
		fmt.Fprintf(&key, "%s:%q;", t.Name, t.Value)
	}
	c.key = key.String()
	return c, nil
}

// Key is the same for chains that do the same.
func (c *Chain) Key() string { return c.key }

// Apply is data after the transforms. It is valid until the next Apply, or the next Match of a program with a chain,
// with m.
func (c *Chain) Apply(m *Machine, data []byte) []byte { return c.apply(m, &m.work, data) }

func (c *Chain) apply(m *Machine, work *[2][]byte, data []byte) []byte {
	for i, link := range c.links {
		at := i % len(work)
		work[at] = link(m, work[at][:0], data)
		data = work[at]
	}
	return data
}

// plain are the transforms that nothing is said of.
var plain = map[string]transform{
	"dotprefix":            dotPrefix,
	"strip_whitespace":     stripSpace,
	"compress_whitespace":  compressSpace,
	"strip_pseudo_headers": stripPseudoHeaders,
	"header_lowercase":     lowerHeaderNames,
	"url_decode":           urlDecode,
	"to_lowercase":         toLower,
	"to_uppercase":         toUpper,
	"to_md5":               toMD5,
	"to_sha1":              toSHA1,
	"to_sha256":            toSHA256,
	"domain":               domain,
	"tld":                  tld,
	"json_decode":          jsonDecode,
}

func newTransform(name, value string) (transform, error) {
	if t, ok := plain[name]; ok {
		if strings.TrimSpace(value) != "" {
			return nil, fmt.Errorf("%w: it takes no value", ErrTransform)
		}
		return t, nil
	}
	switch name {
	case "xor":
		return newXor(value)
	case "from_base64":
		return newFromBase64(value)
	case "pcrexform":
		return newPCREXform(value)
	case "subslice":
		return newSubslice(value)
	case "gunzip":
		return newInflate(value, gzipped)
	case "zlib_deflate":
		return newInflate(value, zlibbed)
	case "luaxform":
		return nil, fmt.Errorf("%w: scripts are not run", ErrTransform)
	}
	return nil, fmt.Errorf("%w: there is none of this name", ErrTransform)
}
