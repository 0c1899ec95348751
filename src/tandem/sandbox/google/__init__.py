"""Google's Routes and Geocoding APIs over the sandbox city, so that the product's own Google client
runs against streets that exist. Shapes and refusals are Google's, the streets are demo streets."""
