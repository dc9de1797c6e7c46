package rule

// Version is a version of Suricata.
type Version struct{ Major, Minor, Patch int }

// SuricataVersion is the version whose language is read.
func SuricataVersion() Version { return Version{9, 0, 0} }

// Features are those of Suricata that this program has.
func Features() map[string]bool { return map[string]bool{} }

func (b *builder) requires(v value) error { return nil }
