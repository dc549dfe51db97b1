"""Files that come with messages: kept privately, shown to the clinic's members by links that end soon."""
