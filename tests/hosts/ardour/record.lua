-- Ardour plays Anacrusis and records what it sends: one track has the plugin, a second track is
-- armed and listens to the first.
--
--   ardour7-lua record.lua FOLDER TEMPO BARS PRESET
--
-- FOLDER is for the session and must not be there. PRESET is the name of a preset of the user's
-- that has Wait for notes on, which Ardour does not show, since nobody may automate it: what is
-- compared is the music, not the speed of a machine. Each recorded note is printed as
-- `note BEATS:TICKS BEATS:TICKS CHANNEL KEY VELOCITY`: where it begins, how long it is.
-- The last line is `done`.

local folder, tempo, bars, preset = arg[1], tonumber (arg[2]), tonumber (arg[3]), arg[4]

local function must (what, value)
	if not value or (type (value) == "userdata" and value.isnil and value:isnil ()) then
		print ("failed: " .. what)
		os.exit (1)
	end
	return value
end

-- Sleeps until something holds. So often that only what will never come is given up.
local function wait (what, holds)
	for _ = 1, 6000 do
		if holds () then return end
		sleep (0.05)
	end
	must (what, false)
end

AudioEngine:set_backend ("None (Dummy)", "", "")
AudioEngine:set_buffer_size (512)
must ("a session", create_session (folder, "anacrusis", 48000))

local map = Temporal.TempoMap.fetch_writable ()
map:set_tempo (Temporal.Tempo (tempo, tempo, 4), Temporal.timepos_t (0))
Temporal.TempoMap.update (map)
map = nil

local midi = ARDOUR.ChanCount (ARDOUR.DataType ("midi"), 1)
local function track (name)
	local made = Session:new_midi_track (midi, midi, false, ARDOUR.PluginInfo (), nil, nil, 1,
		name, ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false)
	return must (name, made:front ())
end

local player = track ("player")
local plugin = must ("the plugin", ARDOUR.LuaAPI.new_plugin (Session, "Anacrusis",
	ARDOUR.PluginType.VST3, preset))
must ("the preset", plugin:to_insert ():plugin (0):preset_by_label (preset))
must ("a place for it", player:add_processor_by_index (plugin, 0, nil, true) == 0)

local recorder = track ("recorder")
local from, to = player:output ():midi (0), recorder:input ():midi (0)
must ("a cable", from:connect (to:name ()) == 0)
recorder:rec_enable_control ():set_value (1, PBD.GroupControlDisposition.NoGroup)

-- As a musician would: a moment at rest, then recording from the beginning.
sleep (1)
local stop_sample = math.ceil (bars * 4 * 60 / tempo * Session:nominal_sample_rate ())
Session:maybe_enable_record (false)
Session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
wait ("the transport rolls to its end", function ()
	return Session:transport_sample () >= stop_sample
end)
must ("Ardour recorded", Session:actively_recording ())
Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
wait ("the transport stops", function () return Session:transport_stopped () end)

local function regions () return recorder:to_track ():playlist ():region_list () end
wait ("a region is made", function () return regions ():size () > 0 end)
for region in regions ():iter () do
	must ("the region begins with the session", region:position ():samples () == 0)
	local model = must ("its notes", region:to_midiregion ():model ())
	for note in ARDOUR.LuaAPI.note_list (model):iter () do
		print (string.format ("note %s %s %d %d %d", note:time ():str (), note:length ():str (),
			note:channel (), note:note (), note:velocity ()))
	end
end
print ("xruns " .. Session:get_xrun_count ())
print ("done")
