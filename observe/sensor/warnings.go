package sensor

import (
	"strings"

	"bulwark/platform/health"
)

var notWatching = health.Warnable{
	ID: "sensor.not-watching", Severity: health.Unprotected,
	Title: health.Text{EN: "No traffic is watched", FR: "Aucun trafic n'est surveillé"},
	Text: health.Text{EN: "The part that reads packets does not run: {reason}.",
		FR: "La partie qui lit les paquets ne tourne pas : {reason}."},
	NextStep: health.Text{EN: "Run bulwark doctor; it says what is missing and how to mend it.",
		FR: "Lancez bulwark doctor : il dit ce qui manque et comment y remédier."},
}

var interfaceGone = health.Warnable{
	ID: "sensor.interface-gone", Severity: health.Unprotected, Per: "interface",
	Title: health.Text{EN: "{interface} is not watched", FR: "{interface} n'est pas surveillée"},
	Text: health.Text{EN: "The interface cannot be read: {reason}.",
		FR: "L'interface ne peut pas être lue : {reason}."},
	NextStep: health.Text{EN: "Check the cable and the mirror on the switch. Bulwark resumes by itself when it returns.",
		FR: "Vérifiez le câble et le miroir du commutateur. Bulwark reprend seul quand elle revient."},
}

var dropping = health.Warnable{
	ID: "sensor.dropping", Severity: health.Degraded, Per: "interface",
	Title: health.Text{EN: "Packets of {interface} are lost", FR: "Des paquets de {interface} sont perdus"},
	Text: health.Text{EN: "{count} packets of the last minute came faster than this machine reads them.",
		FR: "{count} paquets de la dernière minute sont arrivés plus vite que cette machine ne les lit."},
	NextStep: health.Text{EN: "Give the sensor more cores or a larger buffer, or narrow its filter.",
		FR: "Donnez plus de cœurs ou un tampon plus grand à la sonde, ou resserrez son filtre."},
}

var weakCage = health.Warnable{
	ID: "sensor.weak-cage", Severity: health.Degraded,
	Title: health.Text{EN: "Packets are read with fewer safeguards", FR: "Les paquets sont lus avec moins de protections"},
	Text: health.Text{EN: "This system does not offer: {layers}.",
		FR: "Ce système n'offre pas : {layers}."},
	NextStep: health.Text{EN: "Run bulwark doctor; it says what each layer needs.",
		FR: "Lancez bulwark doctor : il dit ce que demande chaque protection."},
}

var silentInterface = health.Warnable{
	ID: "sensor.silent-interface", Severity: health.Unprotected, Per: "interface",
	Title: health.Text{EN: "{interface} is silent", FR: "{interface} est muette"},
	Text: health.Text{EN: "{interface} has sent no packet for {minutes} minutes.",
		FR: "{interface} n'a envoyé aucun paquet depuis {minutes} minutes."},
	NextStep: health.Text{EN: "Check the mirror on the switch.", FR: "Vérifiez le miroir sur le commutateur."},
}

var oneSidedVLAN = health.Warnable{
	ID: "sensor.one-sided", Severity: health.Degraded, Per: "vlan",
	Title: health.Text{EN: "Only one direction of VLAN {vlan} is seen", FR: "Un seul sens du VLAN {vlan} est vu"},
	Text: health.Text{EN: "{one} of {all} TCP conversations of the last minutes were seen from one side only.",
		FR: "{one} des {all} conversations TCP des dernières minutes n'ont été vues que d'un côté."},
	NextStep: health.Text{EN: "Mirror both directions of the VLAN, or of the port that leads to it.",
		FR: "Mettez en miroir les deux sens du VLAN, ou du port qui y mène."},
}

var ringFull = health.Warnable{
	ID: "sensor.ring-full", Severity: health.Degraded,
	Title: health.Text{EN: "Packets are not kept", FR: "Les paquets ne sont pas conservés"},
	Text: health.Text{EN: "There is no room for the packet ring: {reason}.",
		FR: "Il n'y a pas de place pour l'anneau de paquets : {reason}."},
	NextStep: health.Text{EN: "Free space on the disk, or lower sensor.ring.free. Events are not affected.",
		FR: "Libérez de la place sur le disque, ou baissez sensor.ring.free. Les événements ne sont pas touchés."},
}

var ringLosing = health.Warnable{
	ID: "sensor.ring-losing", Severity: health.Degraded,
	Title: health.Text{EN: "Some packets are not kept", FR: "Des paquets ne sont pas conservés"},
	Text: health.Text{EN: "The disk takes packets more slowly than they come. They are analysed, but missing from the packet ring.",
		FR: "Le disque prend les paquets moins vite qu'ils n'arrivent. Ils sont analysés, mais manquent dans l'anneau de paquets."},
	NextStep: health.Text{EN: "Keep less (sensor.ring.flow, sensor.ring.encrypted, sensor.ring.filter), or put the data directory on a faster disk.",
		FR: "Conservez moins (sensor.ring.flow, sensor.ring.encrypted, sensor.ring.filter), ou placez le répertoire de données sur un disque plus rapide."},
}

var filesFull = health.Warnable{
	ID: "sensor.files-full", Severity: health.Degraded,
	Title: health.Text{EN: "Copies of files are not kept", FR: "Les copies de fichiers ne sont pas conservées"},
	Text: health.Text{EN: "There is no room for the files that sensor.files.extract names: {reason}.",
		FR: "Il n'y a pas de place pour les fichiers que nomme sensor.files.extract : {reason}."},
	NextStep: health.Text{EN: "Free space on the disk, or lower sensor.files.extract.size or free. Events are not affected.",
		FR: "Libérez de la place sur le disque, ou baissez sensor.files.extract.size ou free. Les événements ne sont pas touchés."},
}

var folderGone = health.Warnable{
	ID: "sensor.folder-gone", Severity: health.Unprotected,
	Title: health.Text{EN: "The folder of captures is not read", FR: "Le dossier de captures n'est pas lu"},
	Text:  health.Text{EN: "{folder} cannot be read: {reason}.", FR: "{folder} ne peut pas être lu : {reason}."},
	NextStep: health.Text{EN: "Check sensor.captures and the rights of the folder; it is looked at every second.",
		FR: "Vérifiez sensor.captures et les droits du dossier ; il est examiné chaque seconde."},
}

var captureBroken = health.Warnable{
	ID: "sensor.capture-broken", Severity: health.Notice, Per: "name",
	Title: health.Text{EN: "{name} was not read to its end", FR: "{name} n'a pas été lu jusqu'au bout"},
	Text: health.Text{EN: "{reason}. {packets} packets were read before.",
		FR: "{reason}. {packets} paquets ont été lus avant."},
	NextStep: health.Text{EN: "Nothing, where its writer was stopped; else check that the folder holds captures alone.",
		FR: "Rien, si son écriture a été arrêtée ; sinon vérifiez que le dossier ne contient que des captures."},
}

// Warnables are all the warnings that the sensor can raise.
func Warnables() []*health.Warnable {
	return []*health.Warnable{&notWatching, &interfaceGone, &dropping, &weakCage, &silentInterface, &oneSidedVLAN,
		&ringFull, &ringLosing, &folderGone, &captureBroken, &filesFull}
}

// caged notes how well the child is locked up.
func (s *Sensor) caged(held, missing []string) {
	s.mu.Lock()
	s.state.Held, s.state.Missing = held, missing
	s.mu.Unlock()
	if len(missing) > 0 {
		s.opt.Health.Set(&weakCage, health.Args{"layers": strings.Join(missing, "; ")})
	} else {
		s.opt.Health.Clear(&weakCage, "")
	}
}
