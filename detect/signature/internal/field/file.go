package field

import "bulwark/wire"

// files are the fields of files, whatever carries them.
func files() []Field {
	return []Field{
		{Name: "file.data", Sticky: []string{"file_data"}, Dir: wire.Either, Kind: Many},
		{Name: "base64_data", Dir: wire.Either},
	}
}
