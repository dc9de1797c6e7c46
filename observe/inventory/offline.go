package inventory

import "net/netip"

// Offline is an inventory that keeps nothing and reads no bus: what it is to know is given to it by [Inventory.Read]. People
// can say nothing of its devices.
func Offline(networks []netip.Prefix) (*Inventory, error) {
	return assemble(Needs{Config: Config{Networks: networks}, Fleeting: true})
}

// Read takes the events of a batch.
func (i *Inventory) Read(batch []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.book.read(batch); err != nil {
		return err
	}
	i.advance()
	return nil
}
