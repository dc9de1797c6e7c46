package field

import "bulwark/wire"

// family is the fields of one protocol, as they are listed.
type family struct {
	app    string
	fields []Field
}

// bytes adds a buffer; more are its other names that stand before what they govern.
func (f *family) bytes(d wire.Dir, name string, more ...string) { f.add(d, Bytes, name, more) }

// many adds a buffer of several values.
func (f *family) many(d wire.Dir, name string, more ...string) { f.add(d, Many, name, more) }

func (f *family) add(d wire.Dir, k Kind, name string, more []string) {
	f.fields = append(f.fields, Field{Name: name, Sticky: more, App: f.app, Dir: d, Kind: k})
}

// old adds a buffer with a name that modifies the content before it.
func (f *family) old(d wire.Dir, name, modifier string) {
	f.fields = append(f.fields, Field{Name: name, Old: []string{modifier}, App: f.app, Dir: d})
}

// number adds an integer of some bits, with names of its values.
func (f *family) number(d wire.Dir, bits int, enum map[string]uint64, name string, more ...string) *Field {
	f.fields = append(f.fields, Field{Name: name, Sticky: more, App: f.app, Dir: d, Kind: Integer, Bits: bits, Enum: enum})
	return &f.fields[len(f.fields)-1]
}

// numbers adds an integer that may have several values at once.
func (f *family) numbers(d wire.Dir, bits int, enum map[string]uint64, name string, more ...string) {
	f.number(d, bits, enum, name, more...).Several = true
}

// flags adds an integer with names of its bits.
func (f *family) flags(d wire.Dir, bits int, names map[string]uint64, name string, more ...string) *Field {
	n := f.number(d, bits, nil, name, more...)
	n.Flags = names
	return n
}

// lower notes that the values of the newest field are in lower case.
func (f *family) lower() { f.fields[len(f.fields)-1].Folds = true }

// count names numbers from first on; "" leaves one out.
func count(first uint64, names ...string) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range names {
		if n != "" {
			m[n] = first + uint64(i)
		}
	}
	return m
}

// bits names bits from the lowest on.
func bits(names ...string) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range names {
		if n != "" {
			m[n] = 1 << i
		}
	}
	return m
}

const (
	toServer = wire.ToServer
	toClient = wire.ToClient
	either   = wire.Either
)
