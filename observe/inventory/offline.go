package inventory

import (
	"net/netip"

	"bulwark/content/classes"
	"bulwark/content/makers"
	"bulwark/observe/inventory/internal/register"
)

// Offline is an inventory that keeps nothing and reads no bus: what it is to know is given to it by [Inventory.Read]. People
// can say nothing of its devices.
func Offline(networks []netip.Prefix) (*Inventory, error) {
	all, err := classes.All()
	if err != nil {
		return nil, err
	}
	cards, err := makers.Load()
	if err != nil {
		return nil, err
	}
	return &Inventory{config: Config{Networks: networks}, fleeting: true, classes: all, makers: cards, book: newBook(networks),
		words: map[register.DeviceID]Word{}, verdicts: map[register.DeviceID]judged{}}, nil
}

// Read takes the events of a batch.
func (i *Inventory) Read(batch []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.book.read(batch)
}
