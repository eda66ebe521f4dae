// Code generated from the Go types of the feed's topics. DO NOT EDIT.

export interface Load {
  user: number;
  system: number;
}

export interface Tree {
  Name: string;
  Children: Array<Tree | null> | null;
}

export interface Pairloadmapstringint {
  A: Load;
  B: Record<string, number> | null;
}

export interface All {
  Bool: boolean;
  level: number;
  "a-b": string;
  quoted: string;
  QuotedPtr: string | null;
  Number: number;
  Raw: unknown;
  Any: unknown;
  Error: unknown;
  At: string;
  Until?: string;
  Never: string;
  Maybe?: string;
  Pointer: number | null;
  PointPtr: number | null;
  PointMay?: number | null;
  SliceMay?: Array<number> | null;
  Count?: number;
  Bytes: string | null;
  BytesMay?: string;
  Digest: Array<number>;
  None?: Array<number>;
  Two: Array<number>;
  List: Array<string> | null;
  Lists: Array<Array<number> | null> | null;
  ListMay?: Array<number>;
  ListZero?: Array<number>;
  map: Record<string, Load | null> | null;
  MapMay?: Record<string, boolean>;
  ByAddr: Record<string, number> | null;
  Addr: string;
  Tree: Tree;
  Pair: Pairloadmapstringint;
  Color: `#${string}`;
  ColorPtr: `#${string}` | null;
  Anonymous: { X: number; Y: number };
}

export interface Embedding {
  id: string;
  Tagged: string;
  Shadow: string;
}

export interface Topics {
  all: All;
  embedded: Embedding;
  "price.eur": Load;
  maybe: Load | null;
  names: Array<string> | null;
}
